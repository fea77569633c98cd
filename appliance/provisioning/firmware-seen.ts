/** What a phone says it runs, written down when it is news, and whether the settings keep such a phone from the cloud. */
import { knownDevices } from '../phones/firmware-devices.ts';
import {
  isBelowMinimum,
  isEnterprise,
  judgeFirmware,
  type FirmwareVerdict,
  type RunningFirmware,
} from '../phones/firmware-gate.ts';
import { readPhoneFirmware, savePhoneFirmware, type PhoneFirmware } from '../store/phone-firmware.ts';
import type { Context } from './context.ts';
import type { Asker, Make } from './identify.ts';

export interface SeenFirmware extends FirmwareVerdict {
  /** Of this request, or of an earlier one that said more: Poly's updater has another version, Cisco's often none. */
  readonly phone: PhoneFirmware;
}

/** Of a make whose firmware can be judged. */
type KnownAsker = Asker & { readonly vendor: Exclude<Make, 'other'> };

/** `path` without its query. Durable when it resolves. */
export async function noteFirmware(context: Context, asker: KnownAsker, path: string): Promise<SeenFirmware> {
  const { provisioning, site, store, world } = context;
  const before = readPhoneFirmware(store.db, asker.mac);
  const now = world.clock.now();
  const said = whatItSays(asker, path, before);
  const verdict = verdictOf({ ...said, vendor: asker.vendor, region: site.region });
  const isHeld = provisioning.below_minimum === 'hold' && isBelowMinimum(verdict);
  const phone: PhoneFirmware = {
    ...said,
    at: before !== undefined && isSame(said, before) ? before.at : now,
    ...(isHeld ? { heldAt: before?.heldAt ?? now } : {}),
  };
  if (before && isSame(phone, before) && phone.heldAt === before.heldAt) return { ...verdict, phone };
  const { mac, vendor, model, firmware } = phone;
  await store.write((tx) => {
    savePhoneFirmware(tx.db, phone);
    tx.journal({ kind: 'firmware_seen', mac, body: { vendor, model, firmware, state: verdict.state } });
    if (isHeld) tx.journal({ kind: 'firmware_held', mac, body: { vendor, model, firmware } });
  });
  if (isHeld) world.log.warn({ mac, vendor, model, firmware }, 'phone held: its firmware is too old');
  return { ...verdict, phone };
}

/** Phones of a site are of a few models and versions, and each request is judged. */
const verdicts = new Map<string, FirmwareVerdict>();
const mostVerdicts = 256;

function verdictOf(running: RunningFirmware): FirmwareVerdict {
  const { vendor, model, firmware, region, isEnterprise: isOfEnterprise } = running;
  const key = JSON.stringify([vendor, model, firmware, region, isOfEnterprise]);
  const before = verdicts.get(key);
  if (before !== undefined) return before;
  const verdict = judgeFirmware(running, knownDevices());
  if (verdicts.size >= mostVerdicts) verdicts.clear();
  verdicts.set(key, verdict);
  return verdict;
}

type Said = Omit<PhoneFirmware, 'at' | 'heldAt'>;

/** A phone whose vendor or model is another than before was mistaken, or another device has its MAC: nothing is carried over. */
function whatItSays(
  { mac, ip, vendor, model, firmware, userAgent }: KnownAsker,
  path: string,
  before?: PhoneFirmware,
): Said {
  const isAlike = before?.vendor === vendor && (model === undefined || before.model === model);
  const known = isAlike ? before : undefined;
  const version = firmware?.slice(0, 64) ?? known?.firmware;
  const name = model?.slice(0, 64) ?? known?.model;
  return {
    mac,
    ip,
    vendor,
    ...(name === undefined ? {} : { model: name }),
    ...(version === undefined ? {} : { firmware: version }),
    isEnterprise: vendor === 'cisco' && isEnterprise({ userAgent, path }),
  };
}

function isSame(a: Said, b: Said): boolean {
  return (
    a.ip === b.ip &&
    a.vendor === b.vendor &&
    a.model === b.model &&
    a.firmware === b.firmware &&
    a.isEnterprise === b.isEnterprise
  );
}
