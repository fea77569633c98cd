import { expect, test } from 'vitest';
import { newAdmission } from '../../../appliance/provisioning/admission.ts';
import { identify, macsInPath, type LeaseView } from '../../../appliance/provisioning/identify.ts';
import { fakeClock } from '../../support/clock.ts';

const mac = '00:15:65:aa:bb:cc';
const userAgent = `Yealink SIP-T46S 66.86.5.1 ${mac}`;
const ip = '10.0.0.50';

function leases(held: Readonly<Record<string, string>>): LeaseView {
  return {
    byIp: (address) => {
      const found = held[address];
      return found === undefined ? undefined : { mac: found };
    },
    ipOf: (wanted) => Object.entries(held).find(([, holder]) => holder === wanted)?.[0],
  };
}
const none = leases({});

test.each([
  ['/001565aabbcc.cfg', mac],
  ['/x/001565AABBCC.boot', mac],
  ['/001565aabbcc-app.log', mac],
  ['/snomD735-001565AABBCC.htm', mac],
  ['/config.001565aabbcc.xml', mac],
  ['/device/state/OnBoarding/mmiiaacc/001565aabbcc0123abcd/lang_en/', mac],
  ['/device/mmiiaacc/001565aabbcc0123abcd/lang_en/y000000000066.cfg', mac],
  ['/000000000000.cfg', undefined],
  ['/y000000000066.cfg', undefined],
  ['/8841-3PCC.xml', undefined],
  ['/device/ob/001565aabbcc00112233445566778899/lang_en/', undefined],
  ['/x?001565aabbcc.cfg', undefined],
])('the MAC in %s', (path, found) => {
  expect(macsInPath(path)).toEqual(found === undefined ? [] : [found]);
});

test('lease, path and User-Agent that agree are a phone', () => {
  expect(identify({ ip, path: '/001565aabbcc.cfg', userAgent }, leases({ [ip]: mac }))).toEqual({
    kind: 'phone',
    asker: { mac, vendor: 'yealink', model: 'T46S', firmware: '66.86.5.1', userAgent, ip, isLeased: true },
  });
});

test("a path with another MAC than the sender's lease is refused", () => {
  expect(
    identify(
      { ip, path: '/001565112233.cfg', userAgent: 'Yealink SIP-T46S 66.86.5.1' },
      leases({ [ip]: mac }),
    ),
  ).toMatchObject({ kind: 'refused', mac });
});

test("a User-Agent with another MAC than the sender's lease is refused: Cisco's first stage names the phone there only", () => {
  expect(
    identify(
      { ip, path: '/8841-3PCC.xml', userAgent: 'Cisco-CP-8841-3PCC/12.0.3 (001565112233)' },
      leases({ [ip]: mac }),
    ),
  ).toMatchObject({ kind: 'refused' });
});

test("another phone's one-time path with one's own file name is refused", () => {
  const path = '/device/state/OnBoarding/mmiiaacc/001565aabbccff/lang_en/001565112233.cfg';
  const leased = leases({ [ip]: '00:15:65:11:22:33' });
  expect(identify({ ip, path, userAgent: 'Yealink SIP-T46S 66.86.5.1' }, leased)).toMatchObject({
    kind: 'refused',
  });
});

test('path and User-Agent that disagree are refused without a lease too', () => {
  expect(identify({ ip, path: '/001565112233.cfg', userAgent }, none)).toMatchObject({ kind: 'refused' });
});

test('a phone that has its lease at another address is not believed here', () => {
  expect(identify({ ip, path: '/001565aabbcc.cfg', userAgent }, leases({ '10.0.0.60': mac }))).toMatchObject({
    kind: 'refused',
  });
});

test('where another server gives the addresses, path and User-Agent are all there is', () => {
  expect(
    identify({ ip, path: '/001565aabbcc.cfg', userAgent: 'Yealink SIP-T46S 66.86.5.1' }, none),
  ).toMatchObject({ kind: 'phone', asker: { mac, isLeased: false } });
  expect(
    identify({ ip, path: '/8841-3PCC.xml', userAgent: 'Cisco-CP-8841-3PCC/12.0.3 (001565aabbcc)' }, none),
  ).toMatchObject({ kind: 'phone', asker: { mac } });
});

test('a lease says which phone it is when nothing else does', () => {
  expect(
    identify({ ip, path: '/8841-3PCC.xml', userAgent: 'Yealink SIP-T46S 66.86.5.1' }, leases({ [ip]: mac })),
  ).toMatchObject({ kind: 'phone', asker: { mac } });
});

test("a vendor that only DHCP could tell is known by the phone's lease", () => {
  const leased: LeaseView = { byIp: () => ({ mac: '00:56:2b:04:36:15', vendor: 'cisco' }), ipOf: () => ip };
  const identity = identify({ ip, path: '/00562b043615.xml', userAgent: '' }, leased);
  expect(identity).toMatchObject({ kind: 'phone', asker: { vendor: 'cisco' } });
});

test.each([
  ['nothing tells which phone', '/8841-3PCC.xml', 'curl/8'],
  ['no maker of phones', '/aabbccddeeff.cfg', 'curl/8'],
])('unknown: %s', (_, path, agent) => {
  expect(identify({ ip, path, userAgent: agent }, none)).toEqual({ kind: 'unknown' });
});

test('one address may not ask for phone after phone, and strangers ask at a trickle', async () => {
  const clock = fakeClock();
  const mayAsk = newAdmission({ clock });
  const phone = (at: number) =>
    identify({ ip, path: `/0015650000${String(at).padStart(2, '0')}.cfg`, userAgent: '' }, none);
  const asked = Array.from({ length: 20 }, (_, at) => mayAsk(ip, phone(at)));
  expect(asked.filter(Boolean)).toHaveLength(8);
  expect(mayAsk(ip, phone(0))).toBe(true);
  const strangers = Array.from({ length: 20 }, () => mayAsk('10.0.0.99', { kind: 'unknown' }));
  expect(strangers.filter(Boolean)).toHaveLength(10);
  await clock.advance(60_000);
  expect(mayAsk('10.0.0.99', { kind: 'unknown' })).toBe(true);
  expect(mayAsk(ip, phone(15))).toBe(true);
  expect(mayAsk(ip, phone(16))).toBe(false);
});
