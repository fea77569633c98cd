/** A site whose parts "ran": their facts committed by the real store functions, for tests of those who only read. */
import { answerCall, saveCall, type Call } from '../../appliance/store/calls.ts';
import { saveBinding, type BindingRow } from '../../appliance/store/bindings.ts';
import { partNames, type PartName } from '../../appliance/store/journal-kinds.ts';
import { saveLease, type LeaseRow } from '../../appliance/store/leases.ts';
import type { FailedRegistration } from '../../appliance/store/failed-registrations.ts';
import { ladderBounds, openLadderStore, type LadderMessage } from '../../appliance/store/ladders.ts';
import { saveNeighbor, type Neighbor } from '../../appliance/store/neighbors.ts';
import {
  savePhoneConfiguration,
  type PhoneConfiguration,
} from '../../appliance/store/phone-configurations.ts';
import { savePhoneLog } from '../../appliance/store/phone-logs.ts';
import { openPhoneSyslog } from '../../appliance/store/phone-syslog.ts';
import { savePhoneRequests, type PhoneRequest } from '../../appliance/store/phone-requests.ts';
import { savePlacement, type Placement } from '../../appliance/store/placements.ts';
import { openStore, type Store, type Transaction } from '../../appliance/store/store.ts';
import { openTelemetry } from '../../appliance/store/telemetry.ts';
import { parseIpv4 } from '../../appliance/protocol/ipv4.ts';
import type { Health } from '../../appliance/world.ts';
import { bindingRow } from './binding-row.ts';

interface Clock {
  now(): number;
}

export interface Site extends Disposable {
  readonly directory: string;
  write<T>(part: PartName, work: (tx: Transaction) => T): Promise<T>;
  lease(mac: string, ip: string, more?: Partial<LeaseRow>): Promise<void>;
  configuration(mac: string, ip: string, more?: Partial<PhoneConfiguration>): Promise<void>;
  binding(mac: string, ip: string, more?: Partial<BindingRow>): Promise<void>;
  placement(mac: string, more?: Partial<Placement>): Promise<void>;
  request(mac: string, more?: Partial<PhoneRequest>): Promise<void>;
  phoneLog(mac: string, text: string): Promise<void>;
  /** A line by syslog, an error. */
  phoneSyslog(mac: string, text: string): void;
  call(mac: string, more?: Partial<Call>): Promise<void>;
  /** SIP messages of a call or a failed registration: from the phone, to the cloud, from it, to the phone, and so on. */
  ladder(id: string, texts: readonly string[]): void;
  failedRegistration(more?: Partial<FailedRegistration>): void;
  neighbor(more?: Partial<Neighbor>): Promise<void>;
  /** Says for a part that it runs. */
  report(part: PartName, health?: Health, counters?: Record<string, number>): void;
}

export function openSite(directory: string, clock: Clock): Site {
  const stores = new Map<PartName, Store>();
  const storeOf = (part: PartName) => {
    const store = stores.get(part) ?? openStore({ directory, part, clock });
    stores.set(part, store);
    return store;
  };
  const write: Site['write'] = async (part, work) => await storeOf(part).write(work);
  return {
    directory,
    write,
    lease: async (mac, ip, more = {}) =>
      await write('dhcp', ({ db }) => saveLease(db, { ...leaseRow(mac, ip, clock.now()), ...more })),
    configuration: async (mac, ip, more = {}) =>
      await write('provisioning', ({ db }) =>
        savePhoneConfiguration(db, {
          mac,
          ip,
          userAgent: 'Test',
          stage: 3,
          at: clock.now(),
          status: 200,
          ...more,
        }),
      ),
    binding: async (mac, ip, more = {}) =>
      await write('sip', ({ db }) => saveBinding(db, { ...registration(mac, ip, clock.now()), ...more })),
    placement: async (mac, more = {}) =>
      await write('location', ({ db }) =>
        savePlacement(db, { mac, source: 'snmp', at: clock.now(), ...more }),
      ),
    request: async (mac, more = {}) =>
      await write('provisioning', ({ db }) =>
        savePhoneRequests(db, [{ ...requestRow(mac, clock.now()), ...more }]),
      ),
    phoneSyslog: (mac, text) => {
      using kept = openPhoneSyslog(directory);
      kept.write([{ mac, at: clock.now(), severity: 3, text }]);
    },
    phoneLog: async (mac, text) =>
      await write('provisioning', ({ db }) => {
        const log = { mac, name: 'app.log', ip: '10.66.0.100', at: clock.now(), sent: text.length };
        savePhoneLog(db, { ...log, text: Buffer.from(text) });
      }),
    call: async (mac, more = {}) =>
      await write('sip', ({ db }) => {
        const now = clock.now();
        saveCall(db, {
          id: `call-${mac}`,
          mac,
          direction: 'outbound',
          startedAt: now,
          from: 'sip:+4930111@example.com',
          to: 'sip:+4930222@example.com',
          ...more,
        });
        if (more.state !== 'ringing') answerCall(db, more.id ?? `call-${mac}`, now);
      }),
    ladder: (id, texts) => {
      using ladders = openLadderStore(directory, { ...ladderBounds, days: 3 });
      const messages = texts.map((text, at) => ({
        ...ladderMessage((clock.now() + at) * 1000, at),
        ladder: id,
        bytes: Buffer.from(text),
      }));
      ladders.write({ messages, failed: [] }, clock.now());
    },
    failedRegistration: (more = {}) => {
      using ladders = openLadderStore(directory, { ...ladderBounds, days: 3 });
      const failed = { ...failedRegistration(clock.now()), ...more };
      ladders.write({ messages: [], failed: [failed] }, clock.now());
    },
    neighbor: async (more = {}) =>
      await write('location', ({ db }) => saveNeighbor(db, { ...neighborRow(clock.now()), ...more })),
    report: (part, health = { state: 'ok' }, counters = {}) => {
      using telemetry = openTelemetry(directory, part);
      // Dated ahead: it stays fresh however slow the machine is.
      telemetry.report({ at: clock.now() + 600_000, startedAt: clock.now() - 60_000, health, counters });
    },
    [Symbol.dispose]: () => {
      for (const store of stores.values()) store[Symbol.dispose]();
    },
  };
}

function ladderMessage(at: number, order: number): Omit<LadderMessage, 'bytes'> {
  const party = order % 4 === 0 || order % 4 === 3 ? 'phone' : 'cloud';
  const remote = party === 'phone' ? '10.66.0.100:5061' : '192.0.2.9:5061';
  return { at, isSent: order % 2 === 1, party, transport: 'tls', local: '10.66.0.1:5061', remote };
}

function failedRegistration(at: number): FailedRegistration {
  return {
    id: 'registration-001565aa0001',
    at,
    phone: '00:15:65:aa:00:01',
    aor: '1001@office.example',
    registrar: 'sip.example',
    source: '10.66.0.100:5061',
    transport: 'tls',
    status: 403,
    reason: 'Forbidden',
  };
}

/** A phone that has come all the way. */
export async function placedPhone(site: Site, mac: string, ip: string): Promise<void> {
  await site.lease(mac, ip, { vendor: 'yealink' });
  await site.configuration(mac, ip, { vendor: 'yealink', model: 'SIP-T46S', firmware: '66.86.0.15' });
  await site.binding(mac, ip);
  await site.placement(mac, { place: 'room 301', port: 'Gi1/0/3', switchName: 'first floor' });
}

/** Says for every part that it runs. */
export function reportAll(site: Site): void {
  for (const part of partNames) site.report(part);
}

export function leaseRow(mac: string, ip: string, now: number): LeaseRow {
  return {
    ip: parseIpv4(ip),
    client: mac,
    mac,
    client_id: null,
    vendor: null,
    vendor_class: null,
    hostname: null,
    started_at: now,
    expires_at: now + 36e5,
    state: 'bound',
    circuit_id: null,
    remote_id: null,
    giaddr: null,
    acked_at: null,
    declines: 0,
    in_use_by: null,
    sent: '{}',
  };
}

function registration(mac: string, ip: string, now: number): BindingRow {
  const name = mac.replaceAll(':', '');
  return bindingRow(now, {
    token: name,
    aor: `sip:${name}@example.com`,
    registrar: 'registrar.example',
    phone: name,
    flow: name,
    mac,
    contact: `<sip:${name}@${ip}>`,
    contact_uri: `sip:${name}@${ip}`,
    source: `${ip}:5061`,
    local_address: '10.66.0.1:5061',
    local_expires_at: now + 12e4,
  });
}

export function requestRow(mac: string, now: number): PhoneRequest {
  return {
    mac,
    path: `/${mac.replaceAll(':', '')}.cfg`,
    method: 'GET',
    isSecure: true,
    stage: 1,
    status: 200,
    outcome: 'passed',
    ip: '10.66.0.100',
    firstAt: now,
    lastAt: now,
    count: 1,
  };
}

function neighborRow(now: number): Neighbor {
  return {
    interface: 'eth0',
    protocol: 'lldp',
    chassisSubtype: 4,
    chassis: '00:1b:54:aa:00:01',
    portSubtype: 5,
    port: 'Gi1/0/1',
    systemName: 'first floor',
    isBridge: true,
    isPhone: false,
    scope: '01:80:c2:00:00:0e',
    firstHeardAt: now,
    heardAt: now,
    expiresAt: now + 12e4,
  };
}
