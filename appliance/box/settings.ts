/** `settings.write`: another `gatehouse.toml`, judged first, kept beside the one before, and applied. */
import { ConfigError, parseConfig, type Config } from '../config.ts';
import { awaitConfirmation, beginChange, changesNetwork, type NetworkNeeds } from './network.ts';
import type { Box, OrderEnd, OrderHandler } from './orders.ts';
import { applySettings, putSettings } from './put-settings.ts';

/** A file of settings that somebody wrote is a few KB. */
export const mostSettingsBytes = 256 * 1024;

/** What changes the network is taken back when nobody confirms it. */
export const writeSettings: OrderHandler = async ({ toml }, box) => {
  if (typeof toml !== 'string') return { state: 'refused', words: 'there are no settings in the order' };
  const refused = settingsProblem(toml);
  if (refused !== undefined) return { state: 'refused', words: refused };
  const config = parseConfig(toml);
  if (config.site.state_directory !== box.config.site.state_directory)
    return {
      state: 'refused',
      words: 'site.state_directory: what is kept does not move by itself; leave it as it is',
    };
  if (!changesNetwork(box.config, config)) {
    putSettings(box.configFile, toml);
    return await applySettings();
  }
  return await changeWithTakeBack(box, { toml, config });
};

interface Changed {
  readonly toml: string;
  readonly config: Config;
}

/** In use at once, and taken back when nobody says from there that it is good. */
export async function changeWithTakeBack(
  box: Box & Pick<NetworkNeeds, 'machine'>,
  { toml, config }: Changed,
): Promise<OrderEnd> {
  const isRefused = await beginChange(box, toml);
  if (isRefused !== undefined) return isRefused;
  const seconds = config.box.confirm_seconds;
  await box.tell(`The settings are in use. Sign in at the new address and confirm them within ${seconds} s.`);
  return await awaitConfirmation({ ...box, config });
}

/** Of a file that is none of ours there may be thousands. */
const mostProblems = 20;

function shortened(problems: readonly string[]): readonly string[] {
  const left = problems.length - mostProblems;
  return left > 0 ? [...problems.slice(0, mostProblems), `and ${left} more`] : problems;
}

/** What is wrong with them in one line each, the first ones; undefined: nothing. */
export function settingsProblem(toml: string, name = 'gatehouse.toml'): string | undefined {
  if (Buffer.byteLength(toml) > mostSettingsBytes)
    return `${name} is larger than ${mostSettingsBytes / 1024} KiB`;
  try {
    parseConfig(toml, name);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return shortened(error.problems).join('\n');
    throw error;
  }
}
