/** What the parts may know of two phones, for tests of what is made of it. */
import { knownDevices } from '../../appliance/phones/firmware-devices.ts';
import type { HeldAddress } from '../../appliance/store/address-holders.ts';
import type { Binding } from '../../appliance/store/bindings.ts';
import type { Call } from '../../appliance/store/calls.ts';
import type { PhoneConfiguration } from '../../appliance/store/phone-configurations.ts';
import type { Posture } from '../../appliance/store/phone-stage.ts';
import { joinPhones, type PhoneFacts } from '../../appliance/store/phones.ts';
import type { Placement } from '../../appliance/store/placements.ts';

export const now = Date.UTC(2026, 0, 5, 12);
export const minute = 60_000;
export const mac = '00:15:65:aa:00:01';
export const other = '64:16:7f:aa:00:02';
export const ip = '10.66.0.100';

export const lease = (more: Partial<HeldAddress> = {}): HeldAddress => ({
  evidence: 'leased',
  mac,
  ip,
  vendor: 'yealink',
  startedAt: now - minute,
  expiresAt: now + 60 * minute,
  state: 'bound',
  sent: {},
  ...more,
});
export const configuration = (more: Partial<PhoneConfiguration> = {}): PhoneConfiguration => ({
  mac,
  ip,
  userAgent: 'Yealink SIP-T46S 66.86.0.15 00:15:65:aa:00:01',
  model: 'SIP-T46S',
  firmware: '66.86.0.15',
  stage: 3,
  at: now - minute,
  status: 200,
  ...more,
});
export const binding = (more: Partial<Binding> = {}): Binding => ({
  aor: 'sip:+49301@example.com',
  mac,
  contact: `sip:1@${ip}`,
  source: `${ip}:12345`,
  transport: 'tls',
  registeredAt: now - minute,
  expiresAt: now + 60 * minute,
  localExpiresAt: now + 2 * minute,
  state: 'registered',
  ...more,
});
export const placement = (more: Partial<Placement> = {}): Placement => ({
  mac,
  source: 'snmp',
  switchName: 'first floor',
  port: 'Gi1/0/3',
  place: 'room 301',
  at: now - minute,
  ...more,
});
export const call = (more: Partial<Call> = {}): Call => ({
  id: 'a',
  mac,
  direction: 'outbound',
  from: 'sip:1@x',
  to: 'sip:2@x',
  state: 'up',
  startedAt: now - 2000,
  answeredAt: now - 1000,
  ...more,
});

export function phonesOf(facts: Partial<PhoneFacts>, posture: Posture = 'full') {
  const none = {
    leases: [],
    configurations: [],
    firmwares: [],
    bindings: [],
    calls: [],
    placements: [],
    tasks: [],
    movedBack: [],
  };
  return joinPhones({ ...none, ...facts }, now, { posture, region: 'emea', devices: knownDevices() });
}
