/** By which somebody who changes settings says what he has read. */
import { createHash } from 'node:crypto';

/** Of the whole text, comments too. */
export function settingsMark(toml: string): string {
  return createHash('sha256').update(toml).digest('hex');
}
