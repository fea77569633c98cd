/** What is wrong with a file of settings, as the person who wrote it is told. */
import { ConfigError, parseConfig } from '../../appliance/config.ts';

export function problemsOf(toml: string): readonly string[] {
  try {
    parseConfig(toml);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
