import type { JournalKinds } from '../journal-kinds.ts';

/** What the sip part reports. */
export const sipKinds = {
  started: { fields: { release: 'open' } },
  /** What was written down before can't be read any more: phones register anew. */
  store_replaced: { fields: { broken_file: 'open' }, reserved: 'security' },
  /** The registrar accepted a phone, newly or again after a loss; refreshes are not told. `way` is `site` where the box did, in an outage. */
  registered: {
    fields: {
      aor: 'personal',
      registrar: 'open',
      transport: 'open',
      user_agent: 'open',
      source: 'open',
      way: 'open',
    },
  },
  unregistered: { fields: { aor: 'personal', registrar: 'open' } },
  /** The phone went silent, the registration ran out, or the way to the registrar broke. */
  registration_lost: { fields: { aor: 'personal', registrar: 'open', reason: 'open' } },
  registration_refused: {
    fields: { aor: 'personal', registrar: 'open', status: 'open', reason: 'open', source: 'open' },
    reserved: 'security',
    coalesceSeconds: 60,
  },
  /** Requests to the registrar and connections of our own both fail. */
  outage_began: { fields: { registrar: 'open' } },
  outage_ended: { fields: { registrar: 'open', seconds: 'open' } },
  /** An order to restart a phone (`gatehouse phone MAC restart`) was begun, or came to something. */
  phone_restart: { fields: { outcome: 'open', status: 'open' } },
  call_started: { fields: { call: 'open', direction: 'open', from: 'personal', to: 'personal' } },
  call_answered: { fields: { call: 'open', seconds: 'open' } },
  /** It goes on through another address of the box, since the one that it began with is gone. */
  call_moved: { fields: { call: 'open', ms: 'open' } },
  call_ended: {
    fields: {
      call: 'open',
      reason: 'open',
      seconds: 'open',
      packets_from_phone: 'open',
      packets_to_phone: 'open',
    },
  },
  /** Written once it is known who takes it: `cloud`, `gateway`, `attendants`, `everybody`, or `nobody`. */
  emergency_call: {
    fields: {
      call: 'open',
      to: 'personal',
      from: 'personal',
      way: 'open',
      outcome: 'open',
      place: 'personal',
      callback: 'personal',
      dialled_at: 'open',
      is_test: 'open',
      slowed: 'open',
    },
    reserved: 'emergency',
  },
  /** Whom the box told of it, and what came of it: the first try, and the one that ended it. */
  emergency_notice: {
    fields: {
      call: 'open',
      by: 'open',
      to: 'personal',
      delivered: 'open',
      result: 'open',
      tries: 'open',
    },
    reserved: 'emergency',
  },
  /** A call through the site's own telephone lines, because the cloud was away. */
  gateway_used: {
    fields: { call: 'open', from: 'personal', to: 'personal', emergency: 'open' },
    reserved: 'security',
  },
  call_refused: {
    fields: { direction: 'open', status: 'open', reason: 'open', source: 'open' },
    coalesceSeconds: 60,
  },
  /** A REFER whose target is no number and nobody where calls go anyway. `to` is its host. */
  transfer_refused: {
    fields: { call: 'open', by: 'open', to: 'open', reason: 'open', source: 'open' },
    reserved: 'security',
    coalesceSeconds: 60,
  },
  /** A request with an identity that isn't its sender's, or on a way that isn't its own. */
  identity_refused: {
    fields: { method: 'open', source: 'open', claimed: 'personal' },
    reserved: 'security',
    coalesceSeconds: 60,
  },
} as const satisfies JournalKinds;
