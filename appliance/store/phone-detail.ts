/** Everything known of one phone, and what to do next. */
import { deviceOf, knownDevices, type Device } from '../phones/firmware-devices.ts';
import { modelLanguageNotes } from '../phones/languages.ts';
import { postureFor } from '../phones/posture.ts';
import { resetGuide, type Guide } from '../phones/reset-steps.ts';
import type { Vendor } from '../phones/vendors.ts';
import { readCallsOf, type Call } from './calls.ts';
import { lastErrand } from './errands.ts';
import type { Milestones } from './milestones.ts';
import { signInSteps } from './onboarding-words.ts';
import { onboarding, type Onboarding } from './onboarding.ts';
import { readPhoneLogs, readPhoneLogText, type PhoneLog } from './phone-logs.ts';
import { readPhoneRequests, type PhoneRequest } from './phone-requests.ts';
import type { KnownOfPhone, Posture } from './phone-stage.ts';
import { readPhoneSyslog, type PhoneSyslogLine } from './phone-syslog.ts';
import { restarting, type Restarting } from './restart-words.ts';
import { readRestart } from './restarts.ts';
import {
  knownPhones,
  phoneRow,
  readFacts,
  readPhoneFacts,
  type PhoneRow,
  type SiteOfPhones,
} from './phones.ts';

export interface PhoneDetail {
  readonly phone: PhoneRow;
  readonly onboarding: Onboarding;
  /** How the next step is done, where that takes several. */
  readonly guide?: Guide;
  /** Of each the row that counts. */
  readonly known: KnownOfPhone;
  readonly milestones: Milestones;
  /** As the settings want it; the phone's own is in `phone`. */
  readonly wantedPosture: Posture;
  /** Where this model falls short of the site's language: sentences. */
  readonly languageNotes: readonly string[];
  /** Microsoft's list for this model: minimum and approved. */
  readonly listed?: Pick<Device, 'minimum' | 'approved'>;
  /** The newest first, as the calls. */
  readonly requests: readonly PhoneRequest[];
  readonly calls: readonly Call[];
  /** What it uploaded for people to read. */
  readonly logs: readonly PhoneLog[];
  /** What it said last by syslog, in order. */
  readonly syslog: readonly PhoneSyslogLine[];
  readonly restarting: Restarting;
}

export interface SiteOfPhone extends SiteOfPhones {
  readonly tenant_id?: string;
  readonly language?: string;
}

const callsShown = 10;
const syslogShown = 20;

/** Undefined for a MAC that nobody has seen, or that has shown nothing of a phone. */
export function readPhoneDetail(
  directory: string,
  mac: string,
  { now, site }: { readonly now: number; readonly site: SiteOfPhone },
): PhoneDetail | undefined {
  const devices = knownDevices();
  const known = knownPhones(readPhoneFacts(directory), now).get(mac);
  const phone = known && phoneRow(mac, known, { now, site: { ...site, devices } });
  if (known === undefined || phone === undefined) return undefined;
  const vendor = phone.vendor as Vendor | undefined;
  const { model } = phone;
  const requests = readFacts(directory, 'provisioning', (db) => readPhoneRequests(db, mac));
  const stands = onboarding({ known, phone, requests, tenantId: site.tenant_id }, now);
  const listed =
    vendor === undefined || model === undefined
      ? undefined
      : deviceOf(devices, { vendor, model, region: site.region });
  return {
    phone,
    onboarding: stands,
    ...(stands.guide === undefined ? {} : { guide: guideOf(stands.guide, vendor) }),
    known,
    milestones: milestonesOf(known),
    wantedPosture: postureFor(site.posture_for ?? [], { mac, vendor, model }, site.posture),
    languageNotes: vendor === undefined ? [] : modelLanguageNotes(site.language, { vendor, model }),
    ...(listed === undefined ? {} : { listed: listedBuilds(listed) }),
    requests,
    calls: readFacts(directory, 'sip', (db) => readCallsOf(db, mac, callsShown)),
    logs: readFacts(directory, 'provisioning', (db) => readPhoneLogs(db, mac)),
    syslog: readPhoneSyslog(directory, mac, syslogShown),
    restarting: restartingOf(directory, { mac, known, requests }, now),
  };
}

/** Undefined: there is no such log of this phone, or not any more. */
export function readLogOf(directory: string, mac: string, id: number): Buffer | undefined {
  return readFacts(directory, 'provisioning', (db) => [readPhoneLogText(db, mac, id)])[0];
}

/** A phone that starts asks for its address and its configuration, and registers. */
function restartingOf(
  directory: string,
  { mac, known, requests }: { mac: string; known: KnownOfPhone; requests: readonly PhoneRequest[] },
  now: number,
): Restarting {
  const { binding, lease } = known;
  const [errand] = readFacts(directory, 'web', (db) => [lastErrand(db, mac)]);
  const [result] = readFacts(directory, 'sip', (db) => [readRestart(db, mac)]);
  const signs = [binding?.registeredAt, lease?.startedAt, ...requests.map(({ lastAt }) => lastAt)];
  return restarting({ mac, binding }, { errand, result, signs: signs.filter((at) => at !== undefined) }, now);
}

function guideOf(guide: 'reset' | 'sign-in', vendor: Vendor | undefined): Guide {
  return guide === 'reset' ? resetGuide(vendor) : { steps: signInSteps };
}

function listedBuilds({ minimum, approved }: Pick<Device, 'minimum' | 'approved'>) {
  return { approved, ...(minimum === undefined ? {} : { minimum }) };
}

function milestonesOf({ configuration = {} }: { readonly configuration?: Milestones }): Milestones {
  const { account, onboardedAt, signedInAt, signedOutAt, cloudSeenAt } = configuration;
  return Object.fromEntries(
    Object.entries({ account, onboardedAt, signedInAt, signedOutAt, cloudSeenAt }).filter(
      ([, value]) => value !== undefined,
    ),
  );
}
