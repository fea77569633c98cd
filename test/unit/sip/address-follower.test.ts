import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { followAddresses } from '../../../appliance/sip/address-follower.ts';
import type { Application } from '../../../appliance/sip/application.ts';
import { newCounters } from '../../../appliance/sip/application.ts';
import { newCallTable, type LiveCall } from '../../../appliance/sip/call-table.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';
import { sdpText } from '../../support/sip-site.ts';

/** Addresses of every machine, and of none. */
const [present, former] = ['127.0.0.1', '203.0.113.77'];

interface Given {
  readonly calls: readonly Partial<LiveCall>[];
  /** What far ends answer, in turn; the last one from then on. */
  readonly answers?: readonly number[];
  /** Nobody answers. */
  readonly isSilent?: boolean;
  /** Connections from the former address, to an address of this machine. */
  readonly flows?: readonly string[];
}

/** Calls whose media is at the former address. `done`: what was asked of whom, in order. */
function following({ calls, answers = [200], isSilent = false, flows = [] }: Given) {
  const clock = fakeClock();
  const done: string[] = [];
  const left = [...answers];
  const table = newCallTable();
  const engine = {
    flowsAt: (address: string) =>
      (address === former ? flows : []).map((id) => ({
        id,
        remote: { address: present, port: 5061 },
        fail: () => done.push(`give up ${id}`),
      })),
    dialogState: (id: string) => ({ description: sdpText(20_000), flow: { id: `flow of ${id}` } }),
    relocateDialog: () => present,
    announceDialog: (id: string) => done.push(`announce ${id}`),
  };
  const send = ({ method, dialogId = '' }: { method: string; dialogId?: string }) => {
    done.push(`${method} ${dialogId}`);
    const status = (left.length > 1 ? left.shift() : left[0]) ?? 200;
    const final = { status, reason: 'x', headers: [], body: '', ack: () => undefined };
    return Promise.resolve({ final: isSilent ? new Promise(() => undefined) : Promise.resolve(final) });
  };
  const app = {
    world: { ...openWorld('silent'), clock },
    time: clock,
    counters: newCounters(),
    calls: table,
    adoption: { ids: () => [], kept: () => undefined },
    bindings: { byFlow: () => [] },
    keptDialogs: { text: () => '' },
    ladders: { begin: () => undefined },
    afterwards: { write: () => undefined },
    store: { soon: () => Promise.resolve() },
    server: { engine, send },
  } as unknown as Application;
  for (const [at, more] of calls.entries()) {
    const addresses = { phone: present, cloud: former };
    const call = {
      id: `c${at}`,
      direction: 'outbound',
      state: 'up',
      isLocal: false,
      isEmergency: false,
      binding: { flow: 'phone-1', registrar: 'sip.example', mac: null },
      dialogs: { phone: `phone ${at}`, cloud: `cloud ${at}` },
      media: {
        addresses,
        moveCloud: (address: string) => {
          addresses.cloud = address;
          return Promise.resolve('v=0');
        },
        heard: () => undefined,
        release: () => Promise.resolve(undefined),
      },
      over: Promise.withResolvers<void>(),
      ...more,
    } as unknown as LiveCall;
    table.add(call);
  }
  const follower = followAddresses(app, (error) => done.push(String(error)));
  onTestFinished(() => follower[Symbol.asyncDispose]());
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      await clock.advance(Math.min(left, 500));
      for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    }
  };
  return { app, clock, done, pass, table };
}

it('an address that was there a moment ago may come back: it is gone when it is at the second look', async () => {
  const { done, pass, app } = following({ calls: [{}] });
  await pass(500);
  expect(done).toEqual([]);
  await pass(500);
  expect(done).toEqual(['INVITE cloud 0']);
  await pass(5000);
  expect(done, 'told once').toHaveLength(1);
  expect(app.counters).toMatchObject({ calls_moved: 1, calls_not_moved: 0 });
});

it('an address that came back meanwhile is no move', async () => {
  const addresses = { phone: present, cloud: former };
  const media = { addresses, moveCloud: () => Promise.resolve(undefined) };
  const { done, pass, app } = following({ calls: [{ media: media as unknown as LiveCall['media'] }] });
  await pass(1000);
  expect(done).toEqual(['announce cloud 0']);
  expect(app.counters.calls_moved).toBe(0);
});

it('of many calls the one for help comes first, and of the others 25 each half second', async () => {
  const calls = Array.from({ length: 60 }, (_, at) => ({ isEmergency: at === 59 }));
  const { done, pass } = following({ calls });
  await pass(1000);
  expect([done[0], done.length]).toEqual(['INVITE cloud 59', 26]);
  await pass(500);
  expect(done).toHaveLength(51);
  await pass(500);
  expect(new Set(done).size).toBe(60);
});

it('calls that are being told do not stand in the way of others', async () => {
  const { done, pass } = following({ calls: Array.from({ length: 60 }, () => ({})), isSilent: true });
  await pass(3000);
  expect(new Set(done).size).toBe(60);
});

const untouched: [string, Partial<LiveCall>][] = [
  ['between two phones here', { isLocal: true }],
  ['that rings', { state: 'ringing' }],
  [
    'whose phone was told an address that is gone as well',
    { media: { addresses: { phone: former, cloud: former } } as unknown as LiveCall['media'] },
  ],
];

it.each(untouched)('a call %s is left alone', async (_which, call) => {
  const { done, pass } = following({ calls: [call] });
  await pass(3000);
  expect(done).toEqual([]);
});

it('who waits for an answer over a connection from there hears that there is none, and connections of no call are left', async () => {
  const { done, pass } = following({ calls: [{ state: 'ringing' }], flows: ['phone-1', 'phone-2'] });
  await pass(1000);
  expect(done).toEqual(['give up phone-1']);
});

it('a failure of the moment is tried again, until half a minute is over', async () => {
  const { done, pass, app } = following({ calls: [{}], answers: [503] });
  await pass(10_000);
  expect(new Set(done)).toEqual(new Set(['INVITE cloud 0']));
  expect(app.calls.size).toBe(1);
  await pass(25_000);
  expect(done.slice(-2).toSorted()).toEqual(['BYE cloud 0', 'BYE phone 0']);
  expect([app.calls.size, app.counters.calls_not_moved]).toEqual([0, 1]);
});

it.each([488, 403, 401])('a refusal (%i) ends the call', async (status) => {
  const { done, pass } = following({ calls: [{}], answers: [status] });
  await pass(2000);
  expect(done.toSorted()).toEqual(['BYE cloud 0', 'BYE phone 0', 'INVITE cloud 0']);
});

it.each([488, 481, 503])(
  'a call for help is not ended by a %i: it is tried again, for as long as it is up',
  async (status) => {
    const { done, pass, app } = following({ calls: [{ isEmergency: true }], answers: [status] });
    await pass(120_000);
    expect(new Set(done)).toEqual(new Set(['INVITE cloud 0']));
    expect(done.length).toBeGreaterThan(9);
    expect([app.calls.size, app.counters.calls_not_moved]).toEqual([1, 0]);
  },
);

it('after a 491 whoever began the dialog waits for two seconds at least', async () => {
  const { done, pass } = following({ calls: [{}], answers: [491, 200] });
  await pass(3000);
  expect(done).toHaveLength(1);
  await pass(3000);
  expect(done).toHaveLength(2);
});
