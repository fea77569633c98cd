/** `box.ask`: a command that reads, run for an admin at the page; and what changes web's own facts by commands that judge it first. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runOwnCommand } from '../net/own-command.ts';
import { questionWords } from '../store/box-questions.ts';
import { orderSecret } from '../store/order-secrets.ts';
import { openSecrets } from '../store/secrets.ts';
import { parseMac } from '../protocol/mac.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';

/** A check behind a dead firewall takes half of it. */
const timeoutMs = 60_000;
const mostBytes = 64 * 1024;

export const askBox: OrderHandler = async ({ question, argument }, box) => {
  const words = questionWords(question, argument);
  if (words === undefined) return { state: 'refused', words: 'this is nothing that the box can be asked' };
  return await answer(words, box);
};

/** `adopt.move`: phones in use are put into a wave, or a wave is started, paused, taken up again or undone. */
export const moveAdoption: OrderHandler = async ({ how, wave, phones }, box) => {
  const words = adoptionWords({ how, wave, phones });
  if (words === undefined) return { state: 'refused', words: 'there is no such wave, or no such phone' };
  return await obey(words, box);
};

const moves = new Set<unknown>(['start', 'pause', 'resume', 'undo']);

/** `phones`: MACs with blanks between. Undefined: it can't be ordered. */
export function adoptionWords({
  how,
  wave,
  phones,
}: Readonly<Record<string, unknown>>): string[] | undefined {
  if (typeof wave !== 'number' || !Number.isInteger(wave) || wave < 1 || wave > 9999) return undefined;
  if (moves.has(how)) return phones === undefined ? ['adopt', String(how), String(wave)] : undefined;
  if (how !== 'plan' || typeof phones !== 'string') return undefined;
  const macs = phones.split(' ').map((text) => parseMac(text));
  return macs.every((mac) => mac !== undefined) ? ['adopt', 'plan', String(wave), ...macs] : undefined;
}

/** `numbers.import`: the site's list of numbers, in the place of the one before. */
export const importNumbers: OrderHandler = async ({ secret }, box) => {
  const csv = textOf(box, secret);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  try {
    const file = join(folder, 'numbers.csv');
    writeFileSync(file, csv, { mode: 0o600 });
    const end = await obey(['import', 'numbers', file], box);
    // Where it lies meanwhile is nothing to anybody.
    return end.answer === undefined ? end : { ...end, answer: end.answer.replaceAll(`${file}:`, 'line ') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function textOf({ config, clock }: Box, secret: unknown): string {
  using secrets = openSecrets(config.site.state_directory, 'web', clock);
  return orderSecret(secrets, secret);
}

async function answer(
  words: readonly string[],
  { configFile, signal }: Box,
  whenOne: Pick<OrderEnd, 'state' | 'words'> = {
    state: 'done',
    words: 'It found something that is not as it should be.',
  },
): Promise<OrderEnd> {
  const bounds = { timeoutMs, mostBytes, signal };
  const { code, output, isCut } = await runOwnCommand([...words, '--config', configFile], bounds);
  const said = { answer: shown(output) };
  if (isCut) return { state: 'done', words: 'There is more than fits here: this is the beginning.', ...said };
  if (signal.aborted) return { state: 'failed', words: 'It was interrupted: ask again.', ...said };
  if (code === undefined)
    return { state: 'failed', words: `It was ended: it took longer than ${timeoutMs / 1000} s.`, ...said };
  if (code === 0) return { state: 'done', words: 'Done.', ...said };
  return code === 1
    ? { ...whenOne, ...said }
    : { state: 'failed', words: 'The box could not be asked this.', ...said };
}

/** For commands that change something: with 1 they say that they have not. */
async function obey(words: readonly string[], box: Box): Promise<OrderEnd> {
  return await answer(words, box, { state: 'refused', words: 'Nothing was changed.' });
}

/** Lines of text, whatever came off the network into them. */
function shown(output: string): string {
  return output
    .split('\n')
    .map((line) => line.replaceAll(/[\p{Cc}\p{Cf}]/gu, '·').trimEnd())
    .join('\n')
    .trim();
}
