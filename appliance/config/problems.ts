/** What is wrong with a value of the settings beside others, told with the key, the value and what would be right. Pure. */
import type { Config } from './schema.ts';
import { shown, type Problem } from '../schema-problems.ts';

export type { Problem } from '../schema-problems.ts';

/** A value that is wrong beside others. */
export interface Rule {
  /** The rule is judged only when each of these is right by itself. */
  readonly keys: readonly string[];
  find(config: Config): Problem[];
}

export function contradiction(key: string, value: unknown, advice: string): Problem {
  return { key, message: `${key} = ${shown(value)}: ${advice}` };
}
