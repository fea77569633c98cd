import { expect, it } from 'vitest';
import { partNames } from '../../../appliance/store/journal-kinds.ts';
import type { PhoneRow } from '../../../appliance/store/phones.ts';
import { troublesOf, type PartStatus } from '../../../appliance/store/site-status.ts';

const running: PartStatus[] = partNames.map((name) => ({
  name,
  isWanted: true,
  isRunning: true,
  health: { state: 'ok' },
  counters: {},
}));

function changed(name: string, more: Partial<PartStatus>): PartStatus[] {
  return running.map((part) => (part.name === name ? { ...part, ...more } : part));
}

const data = { state: 'ok', said: '', freeBytes: 2 ** 30 } as const;
const site = { parts: running, phones: [], allowCleartext: [], data };
const phone: PhoneRow = {
  mac: '00:15:65:aa:00:01',
  stage: 'leased',
  posture: 'full',
  reached: {},
  lastSeenAt: 0,
};

it('a site where all works has no trouble', () => {
  expect(troublesOf(site)).toEqual([]);
});

it('a part that is not running is told with what does not work without it', () => {
  expect(troublesOf({ ...site, parts: changed('rtp', { isRunning: false }) })).toEqual([
    { severity: 'problem', part: 'rtp', text: 'The part rtp is not running: calls have no sound.' },
  ]);
});

it('a part that the settings turn off is no trouble', () => {
  expect(troublesOf({ ...site, parts: changed('cloud', { isRunning: false, isWanted: false }) })).toEqual([]);
});

it('a part that works with something missing says what', () => {
  const parts = changed('location', { health: { state: 'degraded', reason: 'switch a is silent' } });
  expect(troublesOf({ ...site, parts })[0]?.text).toBe(
    'The part location works with something missing: switch a is silent.',
  );
});

it('a part that fails says why and what follows', () => {
  const parts = changed('dhcp', { health: { state: 'failed', reason: 'no card' } });
  expect(troublesOf({ ...site, parts })[0]?.text).toBe(
    'The part dhcp does not work (no card): phones get no addresses from this box.',
  );
});

it('a box that does not run is one trouble', () => {
  const parts = running.map((part) => ({ ...part, isRunning: false }));
  expect(troublesOf({ ...site, parts, phones: [{ ...phone, problem: 'x' }] })).toHaveLength(1);
});

it('problems come before notices, and passwords in clear are a problem', () => {
  const troubles = troublesOf({
    ...site,
    phones: [{ ...phone, problem: 'It waits.' }],
    allowCleartext: ['cisco'],
  });
  expect(troubles.map(({ severity }) => severity)).toEqual(['problem', 'notice']);
  expect(troubles[0]?.text).toMatch(/Cisco .* in clear/);
  expect(troubles[1]).toEqual({
    severity: 'notice',
    mac: phone.mac,
    text: 'Phone 00:15:65:aa:00:01: It waits.',
  });
});

it('a data disk that could not be used comes first, with what was seen', () => {
  const broken = { state: 'broken', said: 'bad magic number', freeBytes: 2 ** 30 } as const;
  const parts = changed('dhcp', { isRunning: false });
  const [first, second] = troublesOf({ ...site, parts, data: broken });
  expect(first?.text).toMatch(/^The data disk is damaged \(bad magic number\): the box runs from memory/);
  expect(second?.part).toBe('dhcp');
});

it('a disk without room is a problem before the parts refuse', () => {
  const [first] = troublesOf({ ...site, data: { ...data, freeBytes: 5_000_000 } });
  expect(first).toMatchObject({ severity: 'problem', text: expect.stringContaining('4 MB left') as string });
});

it('what is wrong with many phones alike is one notice, and what is wrong with few names each', () => {
  const phones = [1, 2, 3, 4, 5].map((n) => ({
    ...phone,
    mac: `00:15:65:aa:00:0${n}`,
    problem: 'It waits.',
  }));
  expect(troublesOf({ ...site, phones })).toEqual([
    { severity: 'notice', text: '5 phones: It waits. The first is Phone 00:15:65:aa:00:01.' },
  ]);
  expect(troublesOf({ ...site, phones: phones.slice(2) })).toHaveLength(3);
});
