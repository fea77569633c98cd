import { expect, test } from 'vitest';
import { newCloudReach } from '../../../appliance/net/cloud-reach.ts';
import { newReach, noteSign, type SignSource } from '../../../appliance/net/outage.ts';
import { fakeClock } from '../../support/clock.ts';
import { quietWorld } from '../../support/provisioning-site.ts';

/** `r` a request, `p` a probe; `+` good, `-` bad; then seconds since the first. */
function after(...signs: string[]): boolean {
  return signs.reduce((reach, sign) => {
    const [, kind, mark, at] = /^([rp])([+-])(\d+)$/.exec(sign) ?? [];
    const source: SignSource = kind === 'r' ? 'request' : 'probe';
    return noteSign(reach, source, { isGood: mark === '+', at: 1_000_000 + Number(at) * 1000 });
  }, newReach).isOutage;
}

test.each([
  ['nothing is known', [], false],
  ['one request failed', ['r-0'], false],
  ['requests fail, probes pass', ['r-0', 'p+0', 'r-1', 'p+1', 'r-2', 'p+2'], false],
  ['a probe failed, requests pass', ['p-0', 'r+1', 'p-2', 'r+3'], false],
  ['many requests failed', ['r-0', 'r-1', 'r-2'], false],
  ['many probes failed', ['p-0', 'p-5', 'p-10'], false],
  ['a request failed, then a probe', ['r-0', 'p-1'], true],
  ['a probe failed, then a request', ['p-0', 'r-20'], true],
  ['the two are more than a minute apart', ['p-0', 'r-61'], false],
  ['a request between them passed', ['r-0', 'r+1', 'p-2'], false],
  ['one good probe after an outage', ['r-0', 'p-0', 'p+5'], true],
  ['two good probes at once', ['r-0', 'p-0', 'p+5', 'p+6'], true],
  ['good for five seconds', ['r-0', 'p-0', 'p+5', 'p+10'], false],
  ['a bad one in between begins the wait anew', ['r-0', 'p-0', 'p+5', 'p-8', 'p+10', 'p+12'], true],
  ['a probe and a request, five seconds apart', ['r-0', 'p-0', 'p+5', 'r+10'], false],
  ['after its end one bad probe is not another', ['r-0', 'p-0', 'p+5', 'r+10', 'p-11'], false],
])('%s', (_, signs, isOutage) => {
  expect(after(...signs)).toBe(isOutage);
});

const host = { use: 'later', host: 'usea.dm.sdg.teams.microsoft.com' } as const;
const region = { use: 'first', host: 'emea.ipp.sdg.teams.microsoft.com' } as const;

function watched({ isForced = false } = {}) {
  const clock = fakeClock();
  const state = { isUp: true, probes: [] as string[], changes: [] as string[] };
  const reach = newCloudReach<{ readonly host: string }>({
    world: { ...quietWorld(), clock },
    always: [region],
    isForced,
    probe: async (asked) => {
      state.probes.push(asked.host);
      return state.isUp;
    },
    onChange: (changed, isOutage) => state.changes.push(`${changed} ${isOutage}`),
  });
  return { clock, state, reach };
}

test('a request that failed is probed once, however many phones failed at the same time', async () => {
  const { state, reach } = watched();
  state.isUp = false;
  const found = await Promise.all([reach.failed(host, 'unreachable'), reach.failed(host, 'unreachable')]);
  expect(found).toEqual([true, true]);
  expect(state.probes).toEqual([host.host]);
  expect(state.changes).toEqual([`${host.host} true`]);
  expect(reach.unwell()).toEqual([{ host: host.host, reason: 'unreachable' }]);
});

test('one host that is away is not all of the cloud', async () => {
  const { state, reach } = watched();
  state.isUp = false;
  await reach.failed(host, 'unreachable');
  state.isUp = true;
  expect(reach.isOutage(host)).toBe(true);
  expect(reach.isOutage(region)).toBe(false);
  expect(await reach.answers(region)).toBe(true);
});

test('an outage ends by probes alone, without a request of any phone', async () => {
  const { clock, state, reach } = watched();
  const stop = new AbortController();
  state.isUp = false;
  await reach.failed(host, 'unreachable');
  const watching = reach.watch(stop.signal);
  for (let second = 0; second < 20; second += 1) await clock.advance(1000);
  expect(reach.isOutage(host)).toBe(true);
  state.isUp = true;
  for (let second = 0; second < 15; second += 1) await clock.advance(1000);
  expect(reach.isOutage(host)).toBe(false);
  expect(reach.unwell()).toEqual([]);
  expect(state.changes).toEqual([`${host.host} true`, `${host.host} false`]);
  stop.abort();
  await watching;
});

test('whether phones may be told something new is judged by a sign of the last seconds', async () => {
  const { clock, state, reach } = watched();
  expect(await reach.answers(region)).toBe(true);
  expect(await reach.answers(region)).toBe(true);
  expect(state.probes).toHaveLength(1);
  state.isUp = false;
  await clock.advance(6000);
  expect(await reach.answers(region)).toBe(false);
  expect(state.probes).toHaveLength(2);
});

test('the admin can say that the cloud is away', async () => {
  const { state, reach } = watched({ isForced: true });
  expect(reach.isOutage(host)).toBe(true);
  expect(await reach.answers(region)).toBe(false);
  expect(state.probes).toEqual([]);
});

test('a clock that is set makes no sign newer, and keeps nobody from looking', async () => {
  const { clock, state, reach } = watched();
  const stop = new AbortController();
  const watching = reach.watch(stop.signal);
  expect(await reach.answers(region)).toBe(true);
  clock.set(clock.now() - 7_200_000);
  state.isUp = false;
  await clock.advance(6000);
  expect(await reach.answers(region)).toBe(false);
  const { length } = state.probes;
  state.isUp = true;
  for (let second = 0; second < 70; second += 1) await clock.advance(1000);
  // Once in doubt, then every half minute.
  expect(state.probes.length - length).toBeGreaterThan(2);
  stop.abort();
  await watching;
});
