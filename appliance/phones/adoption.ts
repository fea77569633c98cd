/** What is known of taking over phones that are in use, per vendor: `firmware-templates/<vendor>/adoption.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vendor } from './vendors.ts';

export interface AdoptionKnowledge {
  /** Whether a phone in use takes another provisioning address without a reset to factory settings. */
  readonly withoutReset: 'yes' | 'no' | 'unknown';
  /** What to do or to look at, for a person. */
  readonly how: string;
}

const nothing: AdoptionKnowledge = {
  withoutReset: 'unknown',
  how: 'Nothing is known of this make: pilot one.',
};

const directory = join(import.meta.dirname, '../../firmware-templates');

export function adoptionOf(vendor: Vendor | undefined): AdoptionKnowledge {
  const file = join(directory, vendor ?? '', 'adoption.json');
  if (vendor === undefined || !existsSync(file)) return nothing;
  return JSON.parse(readFileSync(file, 'utf8')) as AdoptionKnowledge;
}
