/** Phones that these settings would leave behind, by what the box knows of them: a sentence each kind. */
import type { Config } from '../config.ts';
import { strandedSentence } from '../store/stranded.ts';

/** Empty too where the box has not run yet, or this user may not read what it knows. */
export function leftBehind({ site }: Config): string[] {
  return [strandedSentence(site.state_directory, site)].filter((text) => text !== undefined);
}
