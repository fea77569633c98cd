import { expect, test } from 'vitest';
import { knownDevices } from '../../../appliance/phones/firmware-devices.ts';
import { runningFirmware } from '../../../appliance/store/running-firmware.ts';

const now = Date.UTC(2026, 0, 5, 12);
const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';
const site = { devices: knownDevices(), region: 'emea' } as const;

const asked = {
  mac,
  ip,
  vendor: 'yealink',
  model: 'T46S',
  firmware: '66.82.0.1',
  isEnterprise: false,
  at: now - 1000,
};
const binding = {
  aor: 'sip:1@example.com',
  contact: `sip:1@${ip}`,
  source: `${ip}:5060`,
  transport: 'tls',
  registeredAt: now,
  expiresAt: now + 60_000,
  localExpiresAt: now + 60_000,
  state: 'registered',
} as const;
const lease = {
  mac,
  ip,
  evidence: 'leased',
  startedAt: now,
  expiresAt: now + 60_000,
  state: 'bound',
  sent: {},
} as const;

test('what was said last counts, by HTTP or by SIP', () => {
  const yealink = { vendor: 'yealink' };
  expect(runningFirmware({ asked }, yealink, site)).toMatchObject({ firmwareState: 'too old' });
  const userAgent = 'Yealink SIP-T46S 66.86.5.1 001565aa0001';
  const registered = { ...binding, userAgent };
  expect(runningFirmware({ asked, binding: registered }, yealink, site)).toMatchObject({
    firmware: '66.86.5.1',
    firmwareState: 'approved',
  });
  const before = { ...registered, registeredAt: now - 2000 };
  expect(runningFirmware({ asked, binding: before }, yealink, site)).toMatchObject({ firmware: '66.82.0.1' });
});

test('a held phone is said to be held', () => {
  const { problem } = runningFirmware({ asked: { ...asked, heldAt: now } }, { vendor: 'yealink' }, site);
  expect(problem).toContain('It is held until then');
});

test("Cisco's enterprise firmware shows in DHCP already", () => {
  const vendorClass = 'Cisco Systems, Inc. IP Phone CP-8841';
  const found = runningFirmware(
    { lease: { ...lease, vendorClass } },
    { vendor: 'cisco', model: '8841' },
    site,
  );
  expect(found).toMatchObject({ firmwareState: 'convert first' });
  expect(found.problem).toContain('convert it to multiplatform');
});

test('of a device of no known vendor nothing is said', () => {
  expect(runningFirmware({ lease }, {}, site)).toEqual({ model: undefined, firmware: undefined });
});
