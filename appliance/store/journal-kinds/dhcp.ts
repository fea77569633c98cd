import type { JournalKinds } from '../journal-kinds.ts';

/** What the dhcp part reports. */
export const dhcpKinds = {
  started: { fields: { release: 'open' } },
  /** Leases of before can't be read any more; whoever renews keeps its address. */
  store_replaced: { fields: { broken_file: 'open' }, reserved: 'security' },
  /** An address was given. `state` is the client's: selecting, init-reboot, extending. `known`: it had this address before. */
  leased: {
    fields: {
      ip: 'open',
      state: 'open',
      known: 'open',
      vendor: 'open',
      model: 'open',
      vendor_class: 'open',
      hostname: 'personal',
    },
  },
  renewed: { fields: { ip: 'open' }, coalesceSeconds: 86_400 },
  released: { fields: { ip: 'open' } },
  /** A client found its address in use by something else. */
  declined: { fields: { ip: 'open', probation_seconds: 'open' } },
  /** Something that has no lease of ours answers for an address; nobody gets it for so long. */
  in_use: { fields: { ip: 'open', probation_seconds: 'open' }, coalesceSeconds: 3600 },
  /** Told no, or left without an address; `reason` is a sentence. */
  refused: { fields: { reason: 'open', ip: 'open' }, coalesceSeconds: 600 },
  /** Once a boot, with repeats. */
  informed: { fields: { ip: 'open', vendor: 'open' }, coalesceSeconds: 60 },
  /** Another server's ACK passed; `added` are the options that it didn't tell so. */
  relayed: { fields: { ip: 'open', server: 'open', vendor: 'open', model: 'open', added: 'open' } },
  relayed_renewal: {
    fields: { ip: 'open', server: 'open', vendor: 'open', model: 'open', added: 'open' },
    coalesceSeconds: 86_400,
  },
  /** A client gave back or declined what another server gave it, or that server told it no. */
  relayed_end: { fields: { ip: 'open' } },
  /** Another server answered clients; `url` is where it sends phones. Rogue unless the settings name it. */
  rogue_server: {
    fields: { address: 'open', card: 'open', url: 'open' },
    reserved: 'security',
    coalesceSeconds: 3600,
  },
  known_server: { fields: { address: 'open', card: 'open', url: 'open' }, coalesceSeconds: 86_400 },
  /** It left two probes unanswered. */
  server_gone: { fields: { address: 'open', card: 'open' }, coalesceSeconds: 3600 },
  /** Options, by number, that found no room in an answer: the client takes only so many bytes. */
  left_out: { fields: { options: 'open' }, coalesceSeconds: 86_400 },
  /** An option that can't be read, and that the client's answer did without. */
  unreadable: { fields: { option: 'open', reason: 'open' }, coalesceSeconds: 86_400 },
  /** A message that can't be read, with the first thing that is wrong; `from` is `many` where senders are made up. */
  malformed: {
    fields: { reason: 'open', from: 'open', card: 'open' },
    reserved: 'security',
    coalesceSeconds: 600,
  },
  /** The time of day was set, or the box was off, for so long; all leases were moved by it. */
  clock_moved: { fields: { seconds: 'open', at_start: 'open' } },
  /** Leases could not be committed for a while; `unanswered` requests got no answer. */
  recovered: { fields: { reason: 'open', unanswered: 'open' } },
} as const satisfies JournalKinds;
