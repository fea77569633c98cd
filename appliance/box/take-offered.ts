/** Takes what a stick brought, or says why not, where page and screen can read it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { useSettings } from './network.ts';
import { judgeOffered } from './offered.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';
import { resetBox } from './reset.ts';
import type { Waiting } from './stick-files.ts';

type Place = Pick<Box, 'config' | 'configFile'> & {
  /** File of the last words, for the screen. */
  readonly spoken?: string;
};

const screen = '/run/gatehouse-stick';

/** Undefined: there was nothing for us on it, or what is there already. */
export function handlerFor(
  waiting: Waiting,
  { config, configFile, spoken = screen }: Place,
): OrderHandler | undefined {
  const { from, offered = {}, refused } = waiting;
  const settings = existsSync(configFile) ? readFileSync(configFile, 'utf8') : '';
  const machineId = readFileSync('/etc/machine-id', 'utf8').trim();
  const judged =
    refused === undefined
      ? judgeOffered(offered, { config, settings, machineId })
      : ({ kind: 'refused', words: refused } as const);
  if (judged.kind === 'nothing') return undefined;
  return async (_words, box) => {
    const end = await carryOut(judged, box);
    const words = `${from}: ${end.words}`;
    try {
      writeFileSync(spoken, `${shown(words)}\n`, { mode: 0o644 });
    } catch (error) {
      box.log.warn({ error: String(error) }, 'the screen could not be told');
    }
    return { ...end, words };
  };
}

/** In one line, and none of what a terminal obeys: some of it may be the stick's own words. */
function shown(words: string): string {
  return words.replaceAll(/\p{C}/gu, '·').slice(0, 300);
}

type Judged = Exclude<ReturnType<typeof judgeOffered>, { kind: 'nothing' }>;

async function carryOut(judged: Judged, box: Box): Promise<OrderEnd> {
  if (judged.kind === 'refused') return { state: 'refused', words: judged.words };
  if (judged.kind === 'reset') return await resetBox({}, box);
  // Whoever plugs in a stick is not at the page: there is nobody to confirm a change of the network.
  return await useSettings(box, judged.toml);
}
