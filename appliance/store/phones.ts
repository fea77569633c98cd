/** The phone list: what every part knows of a phone, joined by MAC, and how far the phone has come. */
import { knownDevices, type Device } from '../phones/firmware-devices.ts';
import type { FirmwareState } from '../phones/firmware-gate.ts';
import type { Region } from '../phones/url.ts';
import { recognisePhone, vendorName, type Vendor } from '../phones/vendors.ts';
import {
  phoneProblem,
  postureOf,
  stageOf,
  stepsReached,
  type KnownOfPhone,
  type PhoneStage,
  type Posture,
} from './phone-stage.ts';
import { holdersByIp, isHeld, isSurer, readHeldAddresses, type HeldAddress } from './address-holders.ts';
import { readBindings, type Binding } from './bindings.ts';
import { readOpenCalls, type Call } from './calls.ts';
import type { Database } from './database.ts';
import { leavingOf, type Leaving } from './leaving.ts';
import type { StoreName } from './journal-kinds.ts';
import { readAllMovedBack, type MovedBack } from './moved-back.ts';
import { postureFor, type PostureRule } from '../phones/posture.ts';
import { readPhoneConfigurations, type PhoneConfiguration } from './phone-configurations.ts';
import { readPhoneFirmwares, type PhoneFirmware } from './phone-firmware.ts';
import { readPlacements, type Placement } from './placements.ts';
import { openReader } from './reader.ts';
import { isRegistrarAway } from './registrar-outage.ts';
import { runningFirmware } from './running-firmware.ts';
import { everyPhone, readTasks, type Task } from './tasks.ts';

/** One phone. What nobody has learned yet is absent. */
export interface PhoneRow {
  readonly mac: string;
  readonly vendor?: string;
  /** As people write it. */
  readonly vendorName?: string;
  readonly model?: string;
  readonly firmware?: string;
  /** Against Microsoft's list of compatible models. */
  readonly firmwareState?: FirmwareState;
  readonly hostname?: string;
  readonly ip?: string;
  /** Address of record at the cloud: personal. */
  readonly aor?: string;
  readonly place?: string;
  readonly switchName?: string;
  readonly chassis?: string;
  readonly port?: string;
  readonly placeSource?: Placement['source'];
  /** The last step that holds with all steps before it that this posture has. */
  readonly stage: PhoneStage;
  /** Each step that holds now, and since when (ms since 1970). */
  readonly reached: Readonly<Partial<Record<PhoneStage, number>>>;
  /** The last sign of life that was recorded, ms since 1970. */
  readonly lastSeenAt: number;
  /** How far the box stands between this phone and the cloud: the site's, or less where that can't be done. */
  readonly posture: Posture;
  /** It was ordered back to the cloud's own addresses: how far it is. */
  readonly leaving?: Leaving;
  /** What keeps it from the next step, for a person. */
  readonly problem?: string;
}

export interface PhoneFacts {
  /** By whatever server, and what phones say themselves. */
  readonly leases: readonly HeldAddress[];
  readonly configurations: readonly PhoneConfiguration[];
  readonly firmwares: readonly PhoneFirmware[];
  readonly bindings: readonly Binding[];
  readonly calls: readonly Call[];
  readonly placements: readonly Placement[];
  readonly tasks: readonly Task[];
  readonly movedBack: readonly MovedBack[];
  /** The sip part last said that no phone reaches a registrar. */
  readonly isRegistrarAway?: boolean;
}

/** What the settings say of the site. */
export interface SiteOfPhones {
  readonly posture: Posture;
  readonly posture_for?: readonly PostureRule[];
  readonly region?: Region;
  /** The box's own. */
  readonly address?: string;
}

/** Files that are not there yet count as empty. Sorted by MAC. */
export function readPhones(directory: string, now: number, site: SiteOfPhones): PhoneRow[] {
  return joinPhones(readPhoneFacts(directory), now, { ...site, devices: knownDevices() });
}

export function readPhoneFacts(directory: string): PhoneFacts {
  const bindings = readFacts(directory, 'sip', readBindings);
  return {
    leases: readFacts(directory, 'dhcp', readHeldAddresses),
    configurations: readFacts(directory, 'provisioning', readPhoneConfigurations),
    firmwares: readFacts(directory, 'provisioning', readPhoneFirmwares),
    bindings,
    calls: readFacts(directory, 'sip', readOpenCalls),
    placements: readFacts(directory, 'location', readPlacements),
    tasks: readFacts(directory, 'web', readTasks),
    movedBack: readFacts(directory, 'provisioning', readAllMovedBack),
    // Goes through the journal: only where somebody wants to know.
    isRegistrarAway:
      bindings.some(({ state }) => state === 'lost') &&
      readFacts(directory, 'sip', (db) => [isRegistrarAway(db)])[0] === true,
  };
}

/** Empty while the owner has not made its file yet, or not this table: it stands still since an older release. */
export function readFacts<T>(directory: string, part: StoreName, read: (db: Database) => T[]): T[] {
  using reader = openReader(directory, part);
  if (reader === undefined) return [];
  try {
    return read(reader.db);
  } catch (error) {
    if (error instanceof Error && /^no such (table|column):/.test(error.message)) return [];
    throw error;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface JoiningSite extends SiteOfPhones {
  readonly devices: readonly Device[];
}

/** Sorted by MAC. */
export function joinPhones(facts: PhoneFacts, now: number, site: JoiningSite): PhoneRow[] {
  return Array.from(knownPhones(facts, now), ([mac, known]) => phoneRow(mac, known, { now, site }))
    .filter((row) => row !== undefined)
    .toSorted((a, b) => (a.mac < b.mac ? -1 : 1));
}

/** By MAC, devices that are no phones too. */
export function knownPhones(facts: PhoneFacts, now: number): Map<string, KnownOfPhone> {
  const phones = new Map<string, Mutable<KnownOfPhone>>();
  const of = (mac: string) => {
    const known = phones.get(mac) ?? {};
    phones.set(mac, known);
    return known;
  };
  const macOf = macByAddress(facts, now);
  for (const lease of facts.leases) {
    if (lease.inUseBy !== undefined && lease.expiresAt <= now) continue;
    const known = of(lease.mac);
    if (lease.inUseBy !== undefined) known.squatted = lease;
    else if (known.lease === undefined || isBetterLease(lease, known.lease)) known.lease = lease;
  }
  for (const configuration of facts.configurations) of(configuration.mac).configuration = configuration;
  for (const movedBack of facts.movedBack) of(movedBack.mac).movedBack = movedBack;
  for (const asked of facts.firmwares) of(asked.mac).asked = asked;
  for (const placement of facts.placements) of(placement.mac).placement = placement;
  for (const binding of facts.bindings) {
    const mac = binding.mac ?? macOf.get(addressOf(binding.source));
    if (mac === undefined) continue;
    const known = of(mac);
    if (known.binding === undefined || isBetterBinding(binding, known.binding)) known.binding = binding;
  }
  for (const call of facts.calls) {
    if (call.mac !== undefined && call.state === 'up') of(call.mac).call ??= call;
  }
  const bypassOf = newestBypass(facts.tasks);
  for (const [mac, known] of phones) {
    if (facts.isRegistrarAway === true && known.binding !== undefined) {
      const { state, localExpiresAt } = known.binding;
      known.isCutOff = state === 'lost' && localExpiresAt > now;
    }
    const bypass = bypassOf(mac);
    if (bypass !== undefined) known.bypass = bypass;
  }
  return phones;
}

/** The order that counts for a phone, when it is to leave. */
function newestBypass(tasks: readonly Task[]): (mac: string) => Task | undefined {
  const newest = new Map(tasks.map((task, at) => [task.target, { task, at }]));
  const forAll = newest.get(everyPhone);
  return (mac) => {
    const own = newest.get(mac);
    const task = (own?.at ?? -1) > (forAll?.at ?? -1) ? own?.task : forAll?.task;
    return task?.kind === 'bypass' ? task : undefined;
  };
}

function macByAddress({ leases, configurations, placements }: PhoneFacts, now: number): Map<string, string> {
  const macs = new Map<string, string>();
  for (const { ip, mac } of placements) if (ip !== undefined) macs.set(ip, mac);
  for (const { ip, mac } of configurations) macs.set(ip, mac);
  // A lease that holds is better evidence than what was seen once.
  for (const [ip, { mac }] of holdersByIp(leases, now)) macs.set(ip, mac);
  return macs;
}

function addressOf(source: string): string {
  return source.slice(0, source.lastIndexOf(':'));
}

function isBetterLease(a: HeldAddress, b: HeldAddress): boolean {
  if (a.state !== b.state && (a.state === 'bound' || b.state === 'bound')) return a.state === 'bound';
  return isSurer(a, b);
}

const bindingRank = { registered: 2, late: 1, lost: 0 } as const;

function isBetterBinding(a: Binding, b: Binding): boolean {
  const rank = bindingRank[a.state] - bindingRank[b.state];
  return rank === 0 ? a.registeredAt > b.registeredAt : rank > 0;
}

interface When {
  readonly now: number;
  readonly site: JoiningSite;
}

/** `undefined` for a device that has shown nothing of a phone. */
export function phoneRow(mac: string, known: KnownOfPhone, { now, site }: When): PhoneRow | undefined {
  const { lease, configuration, binding, call, placement, asked, squatted } = known;
  const evidence = {
    mac,
    vendorClass: lease?.vendorClass === undefined ? undefined : Buffer.from(lease.vendorClass, 'latin1'),
    userAgent: configuration?.userAgent ?? binding?.userAgent,
  };
  const recognised = recognisePhone(evidence);
  const vendor = configuration?.vendor ?? asked?.vendor ?? lease?.vendor ?? recognised?.vendor;
  if (vendor === undefined && configuration === undefined && binding === undefined && call === undefined)
    return undefined;
  const running = runningFirmware(known, { vendor, model: recognised?.model }, site);
  const wanted = postureFor(site.posture_for ?? [], { mac, vendor, model: running.model }, site.posture);
  const posture = postureOf(known, wanted);
  const when = { now, posture, ofSite: wanted, firmware: running.problem, address: site.address };
  const reached = stepsReached(known, when);
  return {
    mac,
    ...present({
      vendor,
      vendorName: vendor === undefined ? undefined : vendorName(vendor as Vendor),
      model: running.model,
      firmware: running.firmware,
      firmwareState: running.firmwareState,
      hostname: lease?.hostname,
      ip: addressNow(known, now),
      aor: binding?.aor,
      place: placement?.place,
      switchName: placement?.switchName,
      chassis: placement?.chassis,
      port: placement?.port,
      placeSource: placement?.source,
      leaving: known.bypass && leavingOf(known, known.bypass, now),
      problem: phoneProblem(known, reached, when),
    }),
    stage: stageOf(reached, posture),
    posture,
    reached,
    lastSeenAt: Math.max(
      0,
      lease?.startedAt ?? squatted?.startedAt ?? 0,
      configuration?.at ?? 0,
      asked?.at ?? 0,
      binding?.registeredAt ?? 0,
      placement?.at ?? 0,
      call?.startedAt ?? 0,
    ),
  };
}

function addressNow(
  { lease, configuration, binding, placement, asked, squatted }: KnownOfPhone,
  now: number,
): string | undefined {
  if (lease !== undefined && isHeld(lease, now)) return lease.ip;
  return (
    (binding && addressOf(binding.source)) ??
    configuration?.ip ??
    asked?.ip ??
    placement?.ip ??
    squatted?.ip ??
    lease?.ip
  );
}

/** Leaves out what is undefined: an absent fact is an absent key. */
function present<T extends object>(row: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}
