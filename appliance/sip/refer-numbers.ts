/** Which REFER a NOTIFY is about (RFC 3515 section 2.4.6): `Event: refer;id=` has the number of that REFER, which is another one on each leg. */
import type { LegName } from '../protocol/media-control.ts';
import { headerValue, parseCSeq } from '../protocol/sip-headers.ts';
import type { SipHeader } from '../protocol/sip-message.ts';

export interface ReferNumbers {
  readonly by: LegName;
  /** On the leg that it came from, and on the other one. */
  readonly near: number;
  readonly far: number;
}

/** Of one call, the last ones. */
const most = 16;

/** Sent on, perhaps once more with credentials. */
export function noteRefer(
  known: ReferNumbers[],
  { by, refer, far }: { by: LegName; refer: { readonly headers: readonly SipHeader[] }; far: number },
): void {
  const near = parseCSeq(headerValue(refer, 'CSeq') ?? '').number;
  const before = known.findIndex((one) => one.by === by && one.near === near);
  if (before !== -1) known.splice(before, 1);
  known.push({ by, near, far });
  if (known.length > most) known.shift();
}

/** The same of a request from this leg, as the other one knows it. */
export function withReferNumber(
  headers: readonly SipHeader[],
  leg: LegName,
  known: readonly ReferNumbers[] = [],
): readonly SipHeader[] {
  if (known.length === 0) return headers;
  return headers.map(({ name, value }) =>
    name === 'Event' && /^refer\b/i.test(value)
      ? { name, value: translated(value, leg, known) }
      : { name, value },
  );
}

function translated(value: string, leg: LegName, known: readonly ReferNumbers[]): string {
  return value.replace(/(;\s*id\s*=\s*)(\d{1,10})(?![\w-])/i, (whole, start: string, id: string) => {
    const found = known.find(({ by, near, far }) => Number(id) === (by === leg ? near : far));
    return found === undefined ? whole : `${start}${found.by === leg ? found.far : found.near}`;
  });
}
