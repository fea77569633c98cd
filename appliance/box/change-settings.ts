/** `settings.change` and `settings.check`: what an admin at the page makes of the `gatehouse.toml` that he has read there. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { ConfigError, namedFiles, parseConfig, readConfig, type Config } from '../config.ts';
import { settingsMark } from '../config/mark.ts';
import { isNetworkPending } from '../store/network-pending.ts';
import type { OrderArguments } from '../store/box-orders.ts';
import { judgeConfig, judgeSettings, type Judgement } from './judge-settings.ts';
import { changesNetwork, keepSettings, type NetworkNeeds } from './network.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';
import { changeWithTakeBack, settingsProblem } from './settings.ts';

/** `machine`: tests have their own. */
type Needs = Box & Pick<NetworkNeeds, 'machine'>;

/** Says all that `gatehouse config check` would say, and changes nothing. */
export const checkSettings: OrderHandler = async (words, box) => {
  const judged = await judge(words, box);
  if ('state' in judged) return judged;
  const notes = judged.notes.map((note) => `Note: ${note}`);
  return { state: 'done', words: ['Nothing is wrong with these settings.', ...notes].join('\n') };
};

export async function changeSettings(words: OrderArguments, given: Needs): Promise<OrderEnd> {
  const box = { ...given, config: configNow(given) };
  const judged = await judge(words, box);
  if ('state' in judged) return judged;
  const { toml, config } = judged;
  if (settingsMark(readNow(box)) !== words['read'])
    return refused(
      'Somebody else has changed the settings since you read them: load them again, and make your change in those.',
    );
  if (isNetworkPending(box.config))
    return refused('A change of the network waits to be confirmed: confirm it, or wait.');
  if (changesNetwork(box.config, config)) return await changeWithTakeBack(box, { toml, config });
  return await keepSettings(box, toml);
}

/** An order before this one may have changed them since this process began. */
function configNow({ config, configFile }: Box): Config {
  try {
    return readConfig(configFile);
  } catch (error) {
    if (error instanceof ConfigError) return config;
    throw error;
  }
}

interface Judged extends Judgement {
  readonly toml: string;
  readonly config: Config;
}

async function judge({ toml }: OrderArguments, box: Box): Promise<Judged | OrderEnd> {
  if (typeof toml !== 'string') return refused('there are no settings in the order');
  const problem = settingsProblem(toml);
  if (problem !== undefined) return refused(problem);
  const config = parseConfig(toml);
  if (config.site.state_directory !== box.config.site.state_directory)
    return refused('site.state_directory: what is kept does not move by itself; leave it as it is');
  const now = readNow(box);
  const outside = filesOutside(config, { now, folder: dirname(resolve(box.configFile)) });
  if (outside.length > 0) return refused(outside.join('\n'));
  const templates = (await box.templates?.()) ?? (() => []);
  const { problems, notes } = judgeConfig(config, templates);
  // What was wrong before is no reason to keep somebody from changing something else.
  const known = new Set(judgeSettings(now, templates).problems);
  const fresh = problems.filter((text) => !known.has(text));
  if (fresh.length > 0) return refused(fresh.join('\n'));
  return { toml, config, problems: [], notes: [...problems, ...notes] };
}

interface Present {
  /** The settings as they are. */
  readonly now: string;
  readonly folder: string;
}

/** Whoever is the page's admin is not root: what he names is read by root, and comes into backups. */
function filesOutside(config: Config, { now, folder }: Present): string[] {
  const present = new Set(namedIn(now).map((path) => resolve(path)));
  return namedFiles(config)
    .filter((path) => !resolve(path).startsWith(`${folder}/`) && !present.has(resolve(path)))
    .map((path) => `${path}: through the page only files in ${folder} can be named`);
}

function namedIn(toml: string): string[] {
  try {
    return namedFiles(parseConfig(toml));
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

function readNow({ configFile }: Box): string {
  return readFileSync(configFile, 'utf8');
}

function refused(words: string): OrderEnd {
  return { state: 'refused', words };
}
