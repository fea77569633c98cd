import type { JournalKinds } from '../journal-kinds.ts';
import { orderKinds } from './box.ts';

/** What the provisioning part reports. Never a path, a body or a key's value: paths of later stages are credentials. */
export const provisioningKinds = {
  started: { fields: { release: 'open' } },
  ...orderKinds,
  /** The phone got our overlay: it is told to trust the box and to come back over HTTPS. */
  overlay_given: { fields: { vendor: 'open', model: 'open', ip: 'open' }, coalesceSeconds: 60 },
  configuration_passed: {
    fields: {
      vendor: 'open',
      model: 'open',
      firmware: 'open',
      stage: 'open',
      status: 'open',
      ip: 'open',
      host: 'open',
    },
    coalesceSeconds: 60,
  },
  /** The cloud made a one-time account for it: it is waiting for somebody to sign in. */
  onboarded: { fields: { vendor: 'open' } },
  signed_in: { fields: { vendor: 'open' } },
  /** It had a final account, and has a one-time account again. */
  signed_out: { fields: { vendor: 'open' } },
  /** The cloud could not be asked; the phone got what was kept for exactly this request. */
  kept_answer_given: { fields: { vendor: 'open', stage: 'open', reason: 'open' }, coalesceSeconds: 60 },
  /** A request and a probe failed: phones are served from what was kept until the host has been well for a while. */
  outage_began: { fields: { host: 'open' }, coalesceSeconds: 60 },
  outage_ended: { fields: { host: 'open' }, coalesceSeconds: 60 },
  /** As ordered, the phone was given the cloud's own addresses in the place of the box's. */
  bypass_answered: {
    fields: { vendor: 'open', model: 'open', ip: 'open' },
    coalesceSeconds: 60,
  },
  /** A template of the site is not good: its last good text or ours is used. */
  template_refused: { fields: { file: 'open', reason: 'open' }, coalesceSeconds: 3600 },
  /** The phone asked the plug and play group and was named the box. */
  pnp_answered: { fields: { vendor: 'open', model: 'open', ip: 'open' }, coalesceSeconds: 60 },
  /** Somebody else answers what phones ask the plug and play group: phones may believe him. */
  pnp_rival: { fields: { ip: 'open', url: 'open' }, reserved: 'security', coalesceSeconds: 3600 },
  upstream_failed: { fields: { host: 'open', reason: 'open' }, coalesceSeconds: 60 },
  /** The box gave the phone back to the cloud by itself. */
  moved_back: { fields: { vendor: 'open', model: 'open', reason: 'open' }, reserved: 'security' },
  /** The phone keeps asking in clear after it was told to trust us: it goes on without us. */
  authority_not_taken: { fields: { vendor: 'open', model: 'open', ip: 'open' }, coalesceSeconds: 3600 },
  /** A phone says that it runs this, for the first time or anew. */
  firmware_seen: {
    fields: { vendor: 'open', model: 'open', firmware: 'open', state: 'open' },
    coalesceSeconds: 60,
  },
  /** It is kept from the cloud: its firmware is below the minimum, and the settings say so. */
  firmware_held: { fields: { vendor: 'open', model: 'open', firmware: 'open' }, coalesceSeconds: 60 },
  firmware_file_found: {
    fields: { vendor: 'open', model: 'open', version: 'open', name: 'open', size: 'open', problem: 'open' },
  },
  firmware_file_refused: {
    fields: { vendor: 'open', model: 'open', version: 'open', name: 'open', size: 'open', problem: 'open' },
    coalesceSeconds: 60,
  },
  firmware_offered: { fields: { vendor: 'open', model: 'open', version: 'open' }, coalesceSeconds: 3600 },
  /** A phone that was offered a version came back with it. */
  firmware_updated: { fields: { vendor: 'open', model: 'open', version: 'open' } },
  firmware_sent: {
    fields: { vendor: 'open', model: 'open', version: 'open', name: 'open', ip: 'open' },
    coalesceSeconds: 60,
  },
  request_refused: { fields: { ip: 'open', reason: 'open' }, reserved: 'security', coalesceSeconds: 60 },
  setting_dropped: {
    fields: { vendor: 'open', key: 'open', reason: 'open', host: 'open' },
    reserved: 'security',
    coalesceSeconds: 60,
  },
  /** An answer from the cloud that the box can't read, or that is too large: the phone did not get it. */
  answer_refused: {
    fields: { vendor: 'open', host: 'open', reason: 'open' },
    reserved: 'security',
    coalesceSeconds: 60,
  },
} as const satisfies JournalKinds;
