/**
 * How a phone is asked to restart: a NOTIFY outside any subscription whose event its maker's phones understand. Forms as in makers'
 * guides and in templates that others have running; none was tried on a phone by us.
 */
import { recognisePhone, type Evidence, type PhoneKind, type Vendor } from './vendors.ts';

export interface RestartForm {
  /** Value of the header field `Event`. */
  readonly event: string;
  /** `reload`: it looks for its configuration, and restarts by itself where that asks for it. */
  readonly effect: 'restart' | 'reload';
}

const checkSync: RestartForm = { event: 'check-sync', effect: 'reload' };
const checkSyncReboot: RestartForm = { event: 'check-sync;reboot=true', effect: 'restart' };

const forms: Readonly<Partial<Record<Vendor, Readonly<Partial<Record<PhoneKind, RestartForm>>>>>> = {
  yealink: { phone: checkSyncReboot, dect: checkSyncReboot },
  poly: { phone: checkSync, ata: { event: 'resync', effect: 'restart' } },
  cisco: { phone: checkSync, ata: checkSync },
  audiocodes: { phone: checkSync, ata: checkSyncReboot },
  ale: { phone: checkSync },
  snom: { phone: checkSyncReboot },
  gigaset: { dect: checkSyncReboot },
};

/** Undefined where no form is known for such a device. */
export function restartForm(evidence: Evidence): RestartForm | undefined {
  const phone = recognisePhone(evidence);
  return phone && forms[phone.vendor]?.[phone.kind];
}
