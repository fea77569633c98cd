/**
 * How numbers are dialled, by calling code: what ITU-T E.164 calls the national and the international prefix, and how long a
 * national number is where it is dialled without one. From the national numbering plans as the ITU publishes them.
 */

export interface DiallingRules {
  /** Before an area code; empty where there is none. */
  readonly national: string;
  /** Before a calling code. */
  readonly international: string;
  /** Digits of a national number that is dialled without a prefix; empty: all have one. */
  readonly bare: readonly number[];
  /** Digits behind either prefix that choose a carrier. */
  readonly carrier: number;
}

/** Most of the world. */
const usual: DiallingRules = { national: '0', international: '00', bare: [], carrier: 0 };
const closed = (...bare: number[]): DiallingRules => ({ ...usual, national: '', bare });

const exceptions: Readonly<Record<string, DiallingRules>> = {
  '1': { national: '1', international: '011', bare: [10], carrier: 0 },
  '30': closed(10),
  '34': closed(9),
  '36': { ...usual, national: '06' },
  // The zero of an area code is part of the number, and mobile numbers have none.
  '39': closed(6, 7, 8, 9, 10, 11),
  '45': closed(8),
  '47': closed(8),
  '48': closed(9),
  '52': closed(10),
  '55': { ...usual, carrier: 2 },
  '61': { ...usual, international: '0011' },
  '81': { ...usual, international: '010' },
  '91': { ...usual, bare: [10] },
  '351': closed(9),
  '420': closed(9),
};

export function diallingRules(countryCode: string): DiallingRules {
  return exceptions[countryCode] ?? usual;
}
