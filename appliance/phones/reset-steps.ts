/** How a maker's phones are set back to factory settings: `firmware-templates/<vendor>/reset.json` (G-1). */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vendorName, type Vendor } from './vendors.ts';

export interface Guide {
  /** In order, for the person at the phone. */
  readonly steps: readonly string[];
  /** Where the maker, or its staff, say so. Absent: nothing public was confirmed. */
  readonly source?: string;
}

const directory = join(import.meta.dirname, '../../firmware-templates');

export function resetGuide(vendor: Vendor | undefined): Guide {
  const file = join(directory, vendor ?? '', 'reset.json');
  if (vendor !== undefined && existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Guide;
  const maker = vendor === undefined ? 'the maker' : vendorName(vendor);
  return { steps: [`Reset the phone to factory settings as ${maker} describes it for this model.`] };
}
