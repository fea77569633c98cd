/**
 * Numbers for help by calling code: the one for any trouble, then police, fire and ambulance where they have their own (a missing
 * one is the first), then further ones that are dialled. Read against Android's table of emergency numbers (ecc/input/eccdata.txt)
 * and, for Europe, the numbers that exist beside 112.
 */
const ofCountry: Readonly<Record<string, string>> = {
  '1': '911',
  '7': '112 102 101 103 104',
  '20': '122 122 180 123',
  '27': '112 10111 10177 10177 107',
  '30': '112 100 199 166 108',
  '31': '112',
  '32': '112 101 112 112 100',
  '33': '112 17 18 15 114',
  '34': '112 091 080 061 062 085 088 092',
  '36': '112 107 105 104',
  '39': '112 113 115 118 1530',
  '40': '112',
  '41': '112 117 118 144 1414',
  '43': '112 133 122 144 140',
  '44': '999',
  '45': '112',
  '46': '112',
  '47': '112 112 110 113',
  '48': '112 997 998 999',
  '49': '112 110 112 112',
  '51': '105 105 116 106 117',
  '52': '911 060 068 065',
  '53': '106 106 105 104',
  '54': '911 911 100 107 101',
  '55': '190 190 193 192 191 199',
  '56': '133 133 132 131 134',
  '57': '123 112 119 125',
  '58': '911 171',
  '60': '999 999 994 999',
  '61': '000 000 000 000 106',
  '62': '112 110 113 118 119',
  '63': '911 117',
  '64': '111',
  '65': '999 999 995 995',
  '66': '191 191 199 1669 1155',
  '81': '110 110 119 119 118',
  '82': '112 112 119 119',
  '84': '113 113 114 115',
  '86': '110 110 119 120 122',
  '90': '112 155 110 112 156 177',
  '91': '112 100 101 102 108',
  '92': '15 15 16 115 1122',
  '93': '119 119 119 102 112',
  '94': '119 119 110 110 118 1990',
  '95': '199 199 191 192',
  '98': '110 110 125 115',
  '212': '19 19 15 150 177 190',
  '213': '17 1548 14 14 1021',
  '216': '197 197 198 190 193',
  '218': '1515 1515 1515 1515 193',
  '220': '117 117 118 116',
  '221': '17 17 18 15 1515',
  '223': '17 17 18 15',
  '225': '170 110 180 185 111',
  '226': '17 17 18 18 112',
  '227': '17 17 18 15',
  '228': '117 117 118 8200',
  '229': '117 117 118 112',
  '230': '999 999 115 114 112',
  '231': '911',
  '233': '112 191 192 193 999',
  '234': '112 199 199 199 122',
  '235': '17 17 18 18',
  '237': '117 117 118 119',
  '241': '177 1730 18 1300',
  '243': '112 112 118 118',
  '244': '113 113 115 112',
  '248': '999 999 999 151',
  '249': '999 999 998 333',
  '250': '112 112 112 912 111',
  '251': '991 991 939 907',
  '253': '17 17 18 19',
  '254': '999',
  '255': '112 112 114 115',
  '256': '999',
  '257': '117 117 118 112',
  '258': '119 119 198 117',
  '260': '999 991 993 992',
  '261': '117 117 118 124',
  '262': '112 17 18 15 114',
  '263': '999 995 993 994',
  '264': '112 10111 211111 211111',
  '265': '997 997 999 998',
  '266': '112 123 122 121',
  '267': '999 999 998 997',
  '268': '999 999 933 977',
  '297': '911',
  '298': '112',
  '299': '112',
  '350': '112 199 190 190',
  '351': '112 112 117 112 115',
  '352': '112 113 112 112',
  '353': '999',
  '354': '112',
  '355': '112 129 128 127',
  '356': '112',
  '357': '112 199 199 199',
  '358': '112',
  '359': '112 166 160 150',
  '370': '112 102 101 103 01 02 03',
  '371': '112 110 112 113',
  '372': '112 110 112 112',
  '373': '112 902 901 903',
  '374': '911 102 101 103',
  '375': '112 102 101 103',
  '376': '112 110 118 116',
  '377': '112 17 18 15',
  '378': '112 113 115 118',
  '380': '112 102 101 103 104',
  '381': '112 192 193 194',
  '382': '112 122 123 124',
  '383': '112 192 193 194',
  '385': '112 192 193 194 195',
  '386': '112 113 112 112',
  '387': '112 122 123 124',
  '389': '112 192 193 194',
  '420': '112 158 150 155 156',
  '421': '112 158 150 155 159',
  '423': '112 117 118 144',
  '501': '911 911 90 90',
  '502': '110 110 123 128 120 122',
  '503': '911 911 913 132',
  '504': '911 199 198 195',
  '505': '118 118 115 128',
  '506': '911 117 118 128',
  '507': '911 104 103 911',
  '509': '114 114 115 116',
  '590': '112 17 18 15 114',
  '591': '110 110 119 118 165',
  '592': '911 911 912 913',
  '593': '911 101 102 171',
  '594': '112 17 18 15 114',
  '595': '911 911 132 141',
  '596': '112 17 18 15 114',
  '597': '115 115 110 113',
  '598': '911 911 104 105',
  '673': '993 993 995 991',
  '675': '112 112 110 111',
  '679': '911 917 910 911',
  '687': '112 17 18 15',
  '689': '112 17 18 15',
  '852': '999',
  '853': '999 999 999 999 110 119',
  '855': '117 117 118 119',
  '856': '191 1191 1190 1195',
  '880': '999',
  '886': '110 110 119 119 113',
  '960': '119 119 118 102',
  '961': '112 112 175 140 125',
  '962': '911',
  '963': '112 112 113 110',
  '964': '911 104 115 122 130',
  '965': '112',
  '966': '911 999 998 997 996',
  '967': '199 194 191 191',
  '968': '9999',
  '970': '100 100 102 101',
  '971': '999 999 997 998 996',
  '972': '100 100 102 101',
  '973': '999',
  '974': '999',
  '975': '113 113 110 112',
  '976': '102 102 101 103 105',
  '977': '100 100 101 102',
  '992': '112 102 101 103',
  '993': '112 02 01 03 102 101 103',
  '994': '112 102 101 103',
  '995': '112',
  '996': '112 102 101 103',
  '998': '112 102 101 103',
};

/** Where the country isn't told: anywhere's. Too many rather than too few. */
const anywhere =
  '112 999 000 100 101 102 103 108 110 111 113 114 115 117 118 119 120 122 123 124 133 144 15 17 18 190 191 192 193 194 197 198 199 995 997 998';

export interface CountryNumbers {
  /** For any trouble, police, fire and ambulance. */
  readonly any: string;
  readonly police: string;
  readonly fire: string;
  readonly ambulance: string;
  /** These, what else is dialled there, and 112 and 911, which visitors dial everywhere. */
  readonly all: readonly string[];
  /** Answered by a machine that says back number and address: North America's 933. */
  readonly test?: string;
}

/** Of the countries that were asked for: a site has one, and each call asks. */
const asked = new Map<string, CountryNumbers>();

/** `countryCode`: without `+`; empty when it isn't told. */
export function numbersOf(countryCode: string): CountryNumbers {
  let numbers = asked.get(countryCode);
  if (numbers === undefined) asked.set(countryCode, (numbers = readNumbers(countryCode)));
  return numbers;
}

function readNumbers(countryCode: string): CountryNumbers {
  const [any = '112', police = any, fire = any, ambulance = any, ...more] = (
    ofCountry[countryCode] ?? anywhere
  ).split(' ');
  const isKnown = ofCountry[countryCode] !== undefined;
  const services = isKnown ? { police, fire, ambulance } : { police: any, fire: any, ambulance: any };
  const all = Array.from(new Set([any, police, fire, ambulance, ...more, '112', '911']));
  return { any, ...services, all, ...(countryCode === '1' ? { test: '933' } : {}) };
}

interface OwnNumbers {
  /** In the place of the country's. */
  readonly numbers: readonly string[];
  /** Beside them. */
  readonly more: readonly string[];
}

/** What is taken for a call for help at a site. */
export function dialledForHelp(countryCode: string, { numbers, more }: OwnNumbers): string[] {
  return [...(numbers.length > 0 ? numbers : numbersOf(countryCode).all), ...more];
}

/** What phones are told is one. Where the country isn't told, no more than everybody knows: 101 may be a colleague. */
export function toldForHelp(countryCode: string, { numbers, more }: OwnNumbers): string[] {
  const isSure = numbers.length > 0 || ofCountry[countryCode] !== undefined;
  return isSure ? dialledForHelp(countryCode, { numbers, more }) : ['112', '911', ...more];
}
