import { expect, it, onTestFinished } from 'vitest';
import type { SessionCount } from '../../../appliance/protocol/media-control.ts';
import { openAdoption } from '../../../appliance/sip/adoption.ts';
import type { Media } from '../../../appliance/sip/media.ts';
import { answerCall, readCalls, saveCall } from '../../../appliance/store/calls.ts';
import { openStore, type Store } from '../../../appliance/store/store.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const now = Date.UTC(2026, 0, 5, 12);
const clock = { now: () => now };

/** A store that a killed process left: one call that rang, three that were up. */
async function left(): Promise<Store> {
  const store = openStore({ directory: temporaryDirectory(), part: 'sip', clock });
  onTestFinished(() => store[Symbol.dispose]());
  await store.write(({ db }) => {
    for (const id of ['ringing', 'flowing', 'silent', 'gone']) {
      saveCall(db, { id, direction: 'outbound', from: 'sip:a@b', to: 'sip:c@d', startedAt: now - 9000 });
      if (id !== 'ringing') answerCall(db, id, now - 8000);
    }
  });
  return store;
}

const refused = () => Promise.reject(new Error('not asked for here'));

/** A relay in which one call flows, one is silent as when it is held, and one is not known any more. */
function relay(): Media & { readonly told: string[] } {
  const told: string[] = [];
  const leg = { packets: 1, bytes: 172, rtcp: 0, dropped: 0 };
  const count = (session: string, silentMs: number): SessionCount => ({
    session,
    silentMs,
    phone: leg,
    cloud: leg,
  });
  return {
    told,
    isConnected: true,
    awaySince: undefined,
    allocate: refused,
    describe: () => Promise.resolve(),
    update: refused,
    move: refused,
    expect: (session, media) => {
      told.push(`expect ${session} ${media}`);
      return Promise.resolve();
    },
    release: (session) => {
      told.push(`release ${session}`);
      return Promise.resolve(count(session, 0));
    },
    stats: () => Promise.resolve([count('flowing.0', 20), count('silent.0', 6000)]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** `ended`: those of which the others are told. */
function adopted(store: Store) {
  const ended: string[] = [];
  const afterwards = { write: (work: Parameters<Store['write']>[0]) => void store.write(work) };
  const adoption = openAdoption({ store, clock, afterwards, onEnded: (call) => ended.push(call) });
  /** All that was asked for is on disk. */
  const written = async () => await store.write(() => undefined);
  return { adoption, ended, written };
}

const states = (store: Store) =>
  Object.fromEntries(readCalls(store.db, 10).map(({ id, state }) => [id, state]));

it('a call that rang has ended; of those that were up the ones that the relay knows are kept, silent or not', async () => {
  const store = await left();
  const { adoption, ended, written } = adopted(store);
  await written();
  expect(states(store)).toEqual({ ringing: 'ended', flowing: 'up', silent: 'up', gone: 'up' });
  const media = relay();
  expect(await adoption.settle(media)).toEqual(['gone']);
  expect(ended).toEqual(['gone']);
  await written();
  expect(states(store)).toEqual({ ringing: 'ended', flowing: 'up', silent: 'up', gone: 'ended' });
  expect(readCalls(store.db, 10).find(({ id }) => id === 'gone')).toMatchObject({
    reason: 'lost with the process',
    endedAt: now,
  });
  expect(media.told, 'it goes on as before').toEqual([]);
  expect([adoption.size, adoption.has('flowing.0'), adoption.has('silent.0')]).toEqual([2, true, true]);
});

it('a kept one ends when the relay reports its silence', async () => {
  const store = await left();
  const { adoption, ended, written } = adopted(store);
  const media = relay();
  await adoption.settle(media);
  expect(await adoption.onIdle(media, 'other.0')).toBeUndefined();
  expect(await adoption.onIdle(media, 'flowing.0')).toBe('flowing');
  expect(ended).toEqual(['gone', 'flowing']);
  await written();
  expect(states(store)['flowing']).toBe('ended');
  expect(media.told.at(-1)).toBe('release flowing.0');
});

it('without a relay to ask, all have ended', async () => {
  const store = await left();
  const { adoption, written } = adopted(store);
  expect(adoption.giveUp().toSorted()).toEqual(['flowing', 'gone', 'silent']);
  await written();
  expect(new Set(Object.values(states(store)))).toEqual(new Set(['ended']));
});
