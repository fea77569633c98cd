import { describe, expect, it } from 'vitest';
import { leavingOf, type LeavingFacts } from '../../../appliance/store/leaving.ts';
import { joinPhones, type PhoneFacts } from '../../../appliance/store/phones.ts';
import type { Task } from '../../../appliance/store/tasks.ts';

const now = Date.UTC(2026, 0, 5, 12);
const minute = 60_000;
const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';
const givenAt = now - 30 * minute;

const leaseNaming = (url: string): NonNullable<LeavingFacts['lease']> => ({
  mac,
  ip,
  startedAt: now - 60 * minute,
  expiresAt: now + 60 * minute,
  state: 'bound',
  sent: { 42: '10.66.0.1', 66: url },
});
const told = (at: number): NonNullable<LeavingFacts['configuration']> => ({
  mac,
  ip,
  userAgent: '',
  stage: 3,
  status: 200,
  at,
  posture: 'assist',
});
const binding: NonNullable<LeavingFacts['binding']> = {
  aor: 'sip:1@example.com',
  mac,
  contact: `sip:1@${ip}`,
  source: `${ip}:12345`,
  transport: 'tls',
  registeredAt: now - minute,
  expiresAt: now + minute,
  localExpiresAt: now + minute,
  state: 'registered',
};
const cloud = leaseNaming('http://emea.ipp.sdg.teams.microsoft.com');
const box = leaseNaming('http://10.66.0.1');
const long = told(now - 20 * minute);

describe('a phone that is ordered back to the cloud', () => {
  it.each<[string, LeavingFacts, string]>([
    ['that has not asked since', { configuration: { ...long, posture: 'full' }, lease: cloud }, 'waiting'],
    [
      'that never got further than our own certificate',
      { configuration: { mac, ip, userAgent: '', stage: 0, status: 200, at: now } },
      'waiting',
    ],
    [
      'that is still registered through the box',
      { configuration: long, lease: cloud, binding },
      'registered',
    ],
    ['whose lease names the box', { configuration: long, lease: box }, 'lease'],
    ['that asked a minute ago', { configuration: told(now - minute), lease: cloud }, 'told'],
    [
      'whose registration ran out',
      { configuration: long, lease: cloud, binding: { ...binding, expiresAt: now - 1 } },
      'left',
    ],
    [
      'whose registration is lost',
      { configuration: long, lease: cloud, binding: { ...binding, state: 'lost' } },
      'left',
    ],
    ['that is silent here and named by the cloud', { configuration: long, lease: cloud }, 'left'],
    ['that never came to the box', { lease: cloud }, 'left'],
  ])('%s', (_, facts, expected) => {
    expect(leavingOf(facts, { givenAt }, now)).toBe(expected);
  });
});

function phoneAfter(tasks: readonly Task[], more: Partial<PhoneFacts> = {}) {
  const none = { leases: [], firmwares: [], bindings: [], calls: [], placements: [], movedBack: [] };
  const facts = {
    ...none,
    configurations: [{ ...long, vendor: 'yealink', posture: 'full' as const }],
    ...more,
  };
  return joinPhones({ ...facts, tasks }, now, { posture: 'full', devices: [] })[0];
}

const order = (kind: Task['kind'], target: string, deadlineAt = now + minute): Task => ({
  kind,
  target,
  givenAt,
  deadlineAt,
});

describe('the order that counts', () => {
  it('is the last one that names the phone or all', () => {
    expect(phoneAfter([order('bypass', '*')])?.leaving).toBe('waiting');
    expect(phoneAfter([order('bypass', '*'), order('lead', mac)])?.leaving).toBeUndefined();
    expect(phoneAfter([order('lead', mac), order('bypass', '*')])?.leaving).toBe('waiting');
    expect(phoneAfter([order('bypass', '00:15:65:aa:00:02')])?.leaving).toBeUndefined();
  });

  it('makes a phone that stays a problem after the deadline, and one that left none', () => {
    expect(phoneAfter([order('bypass', mac)])?.problem).toBeUndefined();
    expect(phoneAfter([order('bypass', mac, now - 1)])?.problem).toMatch(
      /ordered back to the cloud, but has not asked/,
    );
    const left = phoneAfter([order('bypass', mac, now - 1)], {
      configurations: [{ ...long, vendor: 'yealink' }],
    });
    expect(left).toMatchObject({ leaving: 'left', posture: 'assist' });
    expect(left?.problem).toBeUndefined();
  });
});
