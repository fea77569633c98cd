/** Phones that these settings would leave behind, by what the box knows of them. */
import type { Config } from '../config.ts';
import { phonesElsewhere, type ToldElsewhere } from '../store/box-addresses.ts';
import { readFacts } from '../store/phones.ts';
import { namedPhones, strandedSentence } from '../store/stranded.ts';

export interface LeftBehind {
  readonly problems: readonly string[];
  /** What goes its way and takes a while. */
  readonly notes: readonly string[];
}

/** Empty too where the box has not run yet, or this user may not read what it knows. */
export function leftBehind({ site }: Config): LeftBehind {
  const { address, former_addresses: former, state_directory: directory } = site;
  const elsewhere = readFacts(directory, 'provisioning', (db) => phonesElsewhere(db, address));
  const isServed = (told: ToldElsewhere) => former.includes(told.address);
  const stranded = strandedSentence(directory, site);
  return {
    problems: [
      ...(stranded === undefined ? [] : [stranded]),
      ...elsewhere
        .filter((told) => !isServed(told))
        .map(
          (told) =>
            `site.address: ${namedPhones(told.macs)} were last here at ${told.address}, and would find nobody there; put it into site.former_addresses and leave it on the card until they have come to ${address}`,
        ),
    ],
    notes: [
      ...elsewhere
        .filter(isServed)
        .map((told) => `not yet seen at ${address}, only at ${told.address}: ${namedPhones(told.macs)}`),
      ...former
        .filter((one) => !elsewhere.some((told) => told.address === one))
        .map(
          (one) => `no phone needs the former address ${one} any more: it can go from site.former_addresses`,
        ),
    ],
  };
}
