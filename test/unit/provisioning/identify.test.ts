import { expect, test } from 'vitest';
import { newAdmission } from '../../../appliance/provisioning/admission.ts';
import { identify, macsInPath, type LeaseView } from '../../../appliance/provisioning/identify.ts';
import type { AddressHolder } from '../../../appliance/store/address-holders.ts';
import { fakeClock } from '../../support/clock.ts';

const mac = '00:15:65:aa:bb:cc';
const userAgent = `Yealink SIP-T46S 66.86.5.1 ${mac}`;
const ip = '10.0.0.50';

function leases(held: Readonly<Record<string, string>>): LeaseView {
  return {
    byIp: (address) => {
      const found = held[address];
      return found === undefined ? undefined : { mac: found, evidence: 'leased' };
    },
    ipOf: (wanted) => Object.entries(held).find(([, holder]) => holder === wanted)?.[0],
  };
}
const none = leases({});

/** One address held so. */
function holding(holder: AddressHolder): LeaseView {
  return {
    byIp: () => holder,
    ipOf: (wanted) => (wanted === holder.mac && holder.evidence !== 'informed' ? ip : undefined),
  };
}

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
  ['/cfg001565aabbcc.xml', mac],
  ['/SEP001565AABBCC.cnf.xml', mac],
  ['/spa001565aabbcc.xml', mac],
  ['/00-15-65-aa-bb-cc.xml', mac],
  ['/MAC%3A00%3A15%3A65%3AAA%3ABB%3ACC.xml', mac],
  ['/x/VSP726_001565AABBCC.cfg', mac],
  ['/001565aabbccdd.cfg', undefined],
  ['/001565aabbcc/y000000000028.boot', undefined],
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
  const leased = holding({ mac: '00:56:2b:04:36:15', vendor: 'cisco', evidence: 'leased' });
  const identity = identify({ ip, path: '/00562b043615.xml', userAgent: '' }, leased);
  expect(identity).toMatchObject({ kind: 'phone', asker: { vendor: 'cisco' } });
});

test('a lease of another server that passed our relay counts as ours does', () => {
  const relayed = holding({ mac, evidence: 'relayed' });
  expect(identify({ ip, path: '/8841-3PCC.xml', userAgent: '' }, relayed)).toMatchObject({
    asker: { mac, isLeased: true },
  });
  expect(identify({ ip, path: '/001565112233.cfg', userAgent: '' }, relayed)).toMatchObject({
    kind: 'refused',
  });
});

test('what a device said when it asked for options alone names it where nothing else does, and binds and refuses nobody', () => {
  const informed = holding({ mac, vendor: 'yealink', evidence: 'informed' });
  expect(identify({ ip, path: '/8841-3PCC.xml', userAgent: '' }, informed)).toMatchObject({
    asker: { mac, vendor: 'yealink', isLeased: false },
  });
  expect(identify({ ip, path: '/64167f112233.cfg', userAgent: '' }, informed)).toMatchObject({
    kind: 'phone',
    asker: { mac: '64:16:7f:11:22:33', vendor: 'poly', isLeased: false },
  });
});

test.each([['nothing tells which phone', '/8841-3PCC.xml', 'curl/8']])('unknown: %s', (_, path, agent) => {
  expect(identify({ ip, path, userAgent: agent }, none)).toEqual({ kind: 'unknown' });
});

/** Without a lease. */
const phone = (from: string, digits: string, agent = '') =>
  identify({ ip: from, path: `/${digits}.cfg`, userAgent: agent }, none);

test('one address may not ask for phone after phone, and strangers ask at a trickle', async () => {
  const clock = fakeClock();
  const mayAsk = newAdmission({ clock, isKnown: () => false });
  const nth = (at: number) => phone(ip, `0015650000${String(at).padStart(2, '0')}`);
  const asked = Array.from({ length: 20 }, (_, at) => mayAsk(ip, nth(at)));
  expect(asked.filter(Boolean)).toHaveLength(8);
  expect(mayAsk(ip, nth(0))).toBe(true);
  const strangers = Array.from({ length: 20 }, () => mayAsk('10.0.0.99', { kind: 'unknown' }));
  expect(strangers.filter(Boolean)).toHaveLength(10);
  await clock.advance(60_000);
  expect(mayAsk('10.0.0.99', { kind: 'unknown' })).toBe(true);
  expect(mayAsk(ip, nth(15))).toBe(true);
  expect(mayAsk(ip, nth(16))).toBe(false);
});

test('a phone whose User-Agent is switched off, or that of its browser, is known by lease or path and its OUI', () => {
  const leased = leases({ [ip]: '00:04:f2:11:22:33' });
  const found = { kind: 'phone', asker: { mac: '00:04:f2:11:22:33', vendor: 'poly' } };
  expect(identify({ ip, path: '/000000000000.cfg', userAgent: '' }, leased)).toMatchObject(found);
  expect(identify({ ip, path: '/0004F2112233-app.log', userAgent: '' }, none)).toMatchObject(found);
  const page = '/device/softkey.php/mmiiaacc/0004f2112233ab/lang_en/';
  expect(identify({ ip, path: page, userAgent: 'Microbrowser/1.1 (VVX 500)' }, none)).toMatchObject(found);
});

test('an adapter that says only its serial number is known by its lease, and unknown without one', () => {
  const asked = { ip, path: '/mac.cfg', userAgent: 'Cisco/ATA191-MPP-11-1-0-MSR4 (FCH2443D9R4)' };
  const identity = identify(asked, leases({ [ip]: '00:56:2b:11:22:33' }));
  expect(identity).toMatchObject({ kind: 'phone', asker: { vendor: 'cisco', model: 'ATA191' } });
  expect(identify(asked, none)).toEqual({ kind: 'unknown' });
});

test('a make that nobody has listed is a phone as soon as something says which', () => {
  expect(identify({ ip, path: '/aabbccddeeff.cfg', userAgent: 'NoSuchMake/1' }, none)).toMatchObject({
    kind: 'phone',
    asker: { mac: 'aa:bb:cc:dd:ee:ff', vendor: 'other' },
  });
});

test('a flood of addresses, each with a phone of its own, is let in at a trickle too', async () => {
  const clock = fakeClock();
  const mayAsk = newAdmission({ clock, isKnown: (from) => from === '10.9.9.9' });
  const flood = (agent: string, oui: string) =>
    Array.from({ length: 10_000 }, (_, at) => {
      const from = `10.1.${at >> 8}.${at & 255}`;
      return mayAsk(from, phone(from, `${oui}${at.toString(16).padStart(6, '0')}`, agent));
    }).filter(Boolean).length;
  expect(flood('', '001565')).toBe(500);
  expect(flood('NoSuchMake/1', 'aabbcc')).toBeLessThanOrEqual(60);
  // Who was here before is not held up by any of it.
  expect(mayAsk('10.9.9.9', phone('10.9.9.9', '001565aabbcc'))).toBe(true);
  await clock.advance(60_000);
  expect(mayAsk('10.2.0.1', phone('10.2.0.1', '001565aabbcd'))).toBe(true);
});
