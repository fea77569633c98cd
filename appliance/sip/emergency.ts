/** Numbers that people dial for help. They are never refused by a limit of ours, and in an outage find another way. Pure. */
import { dialledNumber, readings } from './dial-plan.ts';
import { dialledForHelp, numbersOf } from '../phones/emergency-numbers.ts';

export interface EmergencyPlan {
  /** In place of those of the country. */
  readonly numbers: readonly string[];
  /** Beside them. */
  readonly moreNumbers?: readonly string[];
  /** Without `+`; empty when it isn't told. */
  readonly countryCode: string;
  readonly outsideLinePrefix: string;
}

/** `test`: a machine answers, and nobody on site is rung or told. */
export type HelpKind = 'help' | 'test';

const unknownPlace: EmergencyPlan = { numbers: [], countryCode: '', outsideLinePrefix: '' };

export function emergencyNumbers({ numbers, moreNumbers = [], countryCode }: EmergencyPlan): string[] {
  return dialledForHelp(countryCode, { numbers, more: moreNumbers });
}

/** What people here would dial first; for sentences, and for calls that name no number. */
export function firstNumber({ numbers, countryCode }: EmergencyPlan): string {
  return numbers[0] ?? numbersOf(countryCode).any;
}

/** Of a Request-URI: `sip:112@…`, `tel:112`, `urn:service:sos.fire` (RFC 5031), `urn:service:test.sos` (RFC 6881 section 15). */
export function helpKind(uri: string, plan: EmergencyPlan = unknownPlace): HelpKind | undefined {
  if (/^urn:service:sos(?:\.|$)/i.test(uri)) return 'help';
  if (/^urn:service:test\.sos(?:\.|$)/i.test(uri)) return 'test';
  const known = emergencyNumbers(plan);
  const { test } = numbersOf(plan.countryCode);
  const read = numberReadings(uri, plan);
  if (read.some((reading) => known.includes(reading))) return 'help';
  return test !== undefined && read.includes(test) ? 'test' : undefined;
}

/** As the telephone network wants it: without the outside-line prefix, and a number for what only names a service. */
export function dialableForHelp(uri: string, plan: EmergencyPlan): string {
  const { police, fire, ambulance, test } = numbersOf(plan.countryCode);
  const [, service] = /^urn:service:(?:test\.)?sos\.?([a-z]*)/i.exec(uri) ?? [];
  if (/^urn:service:test\./i.test(uri)) return test ?? firstNumber(plan);
  if (service !== undefined) {
    const services: Partial<Record<string, string>> = { police, fire, ambulance };
    const own = services[service.toLowerCase()];
    return (plan.numbers.length === 0 ? own : undefined) ?? firstNumber(plan);
  }
  const known = [...emergencyNumbers(plan), ...(test === undefined ? [] : [test])];
  const read = numberReadings(uri, plan);
  return read.find((reading) => known.includes(reading)) ?? read[0] ?? firstNumber(plan);
}

/** Some phones send the key that ends dialling with it. */
function numberReadings(uri: string, plan: EmergencyPlan): string[] {
  const number = dialledNumber(uri)
    .replace(/^\+/, '')
    .replace(/(?:#|%23)$/, '');
  return readings(number, plan.outsideLinePrefix);
}
