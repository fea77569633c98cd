/**
 * How numbers are dialled, by calling code: what ITU-T E.164 calls the national and the international prefix, and how long a
 * national number is where it is dialled without one. From the national numbering plans as the ITU publishes them.
 */

export interface DiallingRules {
  /** Before an area code; empty where there is none. */
  readonly national: string;
  /** Before a calling code. Where carriers have prefixes of their own, the first is the usual one. */
  readonly international: readonly [string, ...string[]];
  /** Digits of a national number that is dialled without a prefix; empty: all have one. */
  readonly bare: readonly number[];
  /** Digits behind either prefix that choose a carrier. */
  readonly carrier: number;
}

/** Most of the world. */
const usual: DiallingRules = { national: '0', international: ['00'], bare: [], carrier: 0 };
const closed = (...bare: number[]): DiallingRules => ({ ...usual, national: '', bare });
const closed6 = closed(6);
const closed7 = closed(7);
const closed8 = closed(8);
const closed9 = closed(9);
const closed10 = closed(10);

const exceptions: Readonly<Record<string, DiallingRules>> = {
  '1': { national: '1', international: ['011'], bare: [10], carrier: 0 },
  '7': { ...usual, national: '8', international: ['810'] },
  '30': closed10,
  '34': closed9,
  '36': { ...usual, national: '06' },
  // The zero of an area code is part of the number, and mobile numbers have none.
  '39': closed(6, 7, 8, 9, 10, 11),
  '45': closed8,
  '47': closed8,
  '48': closed9,
  '51': { ...usual, bare: [8, 9] },
  '52': closed10,
  '53': { ...usual, international: ['119'] },
  '55': { ...usual, carrier: 2 },
  '56': closed9,
  '57': closed10,
  '61': { ...usual, international: ['0011'] },
  '62': { ...usual, international: ['001', '007', '008', '01017'] },
  '65': { ...closed8, international: ['001', '000', '002', '008', '012', '013', '018', '019'] },
  '66': { ...usual, international: ['001', '007', '008', '009'] },
  '81': { ...usual, international: ['010'] },
  '82': { ...usual, international: ['00700', '001', '002', '005', '006', '008'] },
  // Mobile numbers have no zero in front.
  '86': { ...usual, bare: [10, 11] },
  '91': { ...usual, bare: [10] },
  '216': closed8,
  '220': closed7,
  '221': closed9,
  '223': closed8,
  '225': closed10,
  '226': closed8,
  '227': closed8,
  '228': closed8,
  '229': closed(8, 10),
  '230': { ...closed(7, 8), international: ['020', '00'] },
  '234': { ...usual, international: ['009'] },
  '235': closed8,
  '237': closed9,
  '244': closed9,
  '248': closed7,
  '253': closed8,
  '254': { ...usual, international: ['000'] },
  '255': { ...usual, international: ['000'] },
  '256': { ...usual, international: ['000'] },
  '257': closed8,
  '258': closed(8, 9),
  '266': closed8,
  '267': closed(7, 8),
  '268': closed8,
  '297': closed7,
  '298': closed6,
  '299': closed6,
  '350': closed8,
  '351': closed9,
  '352': closed(6, 7, 8, 9, 10, 11),
  '354': closed(7, 9),
  '356': closed8,
  '357': closed8,
  '371': closed8,
  '372': closed(7, 8),
  '375': { ...usual, national: '80', international: ['810'] },
  '376': closed(6, 8, 9),
  // Mobile numbers have a zero in front.
  '377': { ...usual, bare: [8, 9] },
  '378': closed(6, 7, 8, 9, 10),
  '420': closed9,
  '423': closed(7, 9),
  '501': closed7,
  '502': closed8,
  '503': closed8,
  '504': closed8,
  '505': closed8,
  '506': closed8,
  '507': closed(7, 8),
  '509': closed8,
  '591': { ...usual, bare: [8] },
  '592': { ...closed7, international: ['001'] },
  '597': closed(6, 7),
  '598': { ...usual, bare: [8] },
  '673': closed7,
  '675': closed(7, 8),
  '679': closed7,
  '687': closed6,
  '689': closed8,
  '852': { ...closed8, international: ['001', '0060', '002', '007', '008', '009'] },
  '853': closed8,
  '855': { ...usual, international: ['001', '007', '008'] },
  '886': { ...usual, international: ['002', '005', '006', '007', '009', '016', '019'] },
  '960': closed7,
  '965': closed8,
  '968': closed8,
  // Carriers have prefixes that are no area codes.
  '972': { ...usual, international: ['00', '012', '013', '014', '018', '019'] },
  '973': closed8,
  '974': closed8,
  '976': { ...closed8, international: ['001'] },
  '992': { ...closed9, international: ['810'] },
  '993': { ...usual, national: '8', international: ['810'] },
  '998': closed9,
};

export function diallingRules(countryCode: string): DiallingRules {
  return exceptions[countryCode] ?? usual;
}
