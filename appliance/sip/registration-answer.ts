/** The 200 to a REGISTER: as the registrar gave it, or from the store. */
import type { SipHeader } from '../protocol/sip-message.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { JournalEntry } from '../store/journal.ts';
import type { Application } from './application.ts';
import { readContacts } from './contacts.ts';
import { phoneContact } from './registrations.ts';
import type { Answer, Incoming } from './srf.ts';

interface FromStore {
  readonly binding: BindingRow;
  readonly expiresSeconds: number;
  /** Where it is more than a refresh. */
  readonly news?: JournalEntry;
}

export async function answerFromStore(
  { bindings, counters, time }: Application,
  request: Incoming,
  { binding, expiresSeconds, news }: FromStore,
): Promise<void> {
  const localExpiresAt = time.now() + expiresSeconds * 1000;
  if (news === undefined) bindings.refresh(binding, localExpiresAt);
  else await bindings.save({ ...binding, local_expires_at: localExpiresAt }, news);
  counters.registrations_answered += 1;
  const kept = JSON.parse(binding.reply) as SipHeader[];
  await request.respond(accepted(kept, readContacts(request).registered, expiresSeconds));
}

/** `contacts`: as the phone wrote them. */
export function accepted(
  headers: readonly SipHeader[],
  contacts: readonly string[],
  expiresSeconds: number,
): Answer {
  return {
    status: 200,
    headers: [
      ...headers.filter(({ name }) => name !== 'Expires'),
      ...contacts.map((contact) => ({ name: 'Contact', value: phoneContact(contact, expiresSeconds) })),
      { name: 'Expires', value: String(expiresSeconds) },
    ],
  };
}
