/** Numbers that people dial for help. They are never refused by a limit of ours, and in an outage ring somebody on site. */
import { dialledNumber, readings } from './dial-plan.ts';

export interface EmergencyPlan {
  /** In place of those of the country. */
  readonly numbers: readonly string[];
  /** Without `+`; empty when it isn't told. */
  readonly countryCode: string;
  readonly outsideLinePrefix: string;
}

/** Where the country isn't told: anywhere's. Too many rather than too few. */
const anywhere =
  '112 911 933 999 000 100 101 102 103 108 110 111 113 115 117 118 119 122 123 144 15 17 18 190 191 192 193';

/** By calling code, beside 112 and 911. 933 is the test number of North America, answered by a machine. */
const ofCountry: Readonly<Record<string, string>> = {
  '1': '933',
  '7': '101 102 103',
  '27': '10111 10177',
  '30': '100 166 199',
  '31': '',
  '32': '100 101',
  '33': '15 17 18 114',
  '34': '061 062 080 085 091 092',
  '36': '104 105 107',
  '39': '113 115 118',
  '40': '',
  '41': '117 118 144',
  '43': '122 133 144',
  '44': '999',
  '45': '',
  '46': '',
  '47': '110 113',
  '48': '997 998 999',
  '49': '110',
  '52': '',
  '55': '190 192 193',
  '61': '000 106',
  '64': '111',
  '65': '995 999',
  '81': '110 118 119',
  '82': '119',
  '86': '110 119 120',
  '90': '',
  '91': '100 101 102 108',
  '351': '',
  '352': '113',
  '353': '999',
  '358': '',
  '420': '150 155 158',
  '971': '997 998 999',
  '972': '100 101 102',
};

const unknownPlace: EmergencyPlan = { numbers: [], countryCode: '', outsideLinePrefix: '' };

export function emergencyNumbers({ numbers, countryCode }: EmergencyPlan): string[] {
  if (numbers.length > 0) return [...numbers];
  const own = ofCountry[countryCode] ?? anywhere;
  return ['112', '911', ...own.split(' ').filter((number) => number !== '')];
}

/** Of a Request-URI: `sip:112@…`, `tel:112`, `urn:service:sos.fire` (RFC 5031). */
export function isEmergency(uri: string, plan: EmergencyPlan = unknownPlace): boolean {
  if (/^urn:service:sos(?:\.|$)/i.test(uri)) return true;
  const known = emergencyNumbers(plan);
  const number = dialledNumber(uri).replace(/^\+/, '');
  return readings(number, plan.outsideLinePrefix).some((reading) => known.includes(reading));
}
