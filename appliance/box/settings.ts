/** `settings.write`: another `gatehouse.toml`, judged first, kept beside the one before, and applied. */
import { ConfigError, parseConfig } from '../config.ts';
import { awaitConfirmation, beginChange, changesNetwork } from './network.ts';
import type { OrderHandler } from './orders.ts';
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
  const isRefused = await beginChange(box, toml);
  if (isRefused !== undefined) return isRefused;
  const seconds = config.box.confirm_seconds;
  await box.tell(`The settings are in use. Sign in at the new address and confirm them within ${seconds} s.`);
  return await awaitConfirmation({ ...box, config });
};

/** What is wrong with them in one line each; undefined: nothing. */
export function settingsProblem(toml: string, name = 'gatehouse.toml'): string | undefined {
  if (Buffer.byteLength(toml) > mostSettingsBytes)
    return `${name} is larger than ${mostSettingsBytes / 1024} KiB`;
  try {
    parseConfig(toml, name);
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n');
    throw error;
  }
}
