/** What is personal in facts about phones and calls, and left out for those who may not see it. Pure. */
import { callWords } from '../store/call-words.ts';
import type { Call } from '../store/calls.ts';
import type { PhoneRow } from '../store/phones.ts';
import type { CallView, PhoneView } from './schemas.ts';

/** `personal`: names and numbers of people are shown. */
export interface Audience {
  readonly personal: boolean;
}

/** Who somebody is (the account, the name that the device was given) is personal; where a phone stands is not. */
export function phoneView(row: PhoneRow, { personal }: Audience): PhoneView {
  if (personal) return row;
  const { aor: _aor, hostname: _hostname, ...open } = row;
  return open;
}

export function callView({ from, to, ...call }: Call, { personal }: Audience): CallView {
  const words = call.reason === undefined ? {} : callWords(call.reason);
  return { ...call, ...words, ...(personal ? { from, to } : {}) };
}
