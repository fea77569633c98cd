/** Guessing at the page's door: it gets nobody in, and keeps nobody out who was in before. */
import { expect, it, onTestFinished } from 'vitest';
import { beginSession } from '../../appliance/store/sessions.ts';
import { openStore } from '../../appliance/store/store.ts';
import { newChecks } from '../../appliance/web/password-checks.ts';
import { fakeClock } from '../support/clock.ts';
import { temporaryDirectory } from '../support/directory.ts';

const admin = '10.20.0.7';
const stranger = (at: number) => `10.20.${1 + (at >> 8)}.${at & 255}`;
const wrong = async () => await Promise.resolve(false);
const right = async () => await Promise.resolve(true);

async function openDoor() {
  const clock = fakeClock();
  const store = openStore({ directory: temporaryDirectory(), part: 'web', clock });
  onTestFinished(() => store[Symbol.dispose]());
  await store.write((tx) => beginSession(tx.db, { remote: admin, now: clock.now() }));
  return { clock, checked: newChecks(store, clock) };
}

/** As many addresses as it takes to fill the queue, each with a guess whose hash takes as long as the door lets it. */
function crowd(checked: ReturnType<typeof newChecks>) {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = Array.from(
    { length: 40 },
    async (_, at) => await checked(stranger(at), 'password', () => promise),
  );
  return { asked, end: () => resolve(false) };
}

it('a crowd that guesses from many addresses keeps strangers waiting, and not the admin where he was in before', async () => {
  const { checked } = await openDoor();
  const { asked, end } = crowd(checked);
  expect(await checked('10.20.0.8', 'password', right)).toMatchObject({ refused: 'busy' });
  const entered = checked(admin, 'password', right);
  end();
  expect(await entered).toBeUndefined();
  const answers = await Promise.all(asked);
  expect(answers.filter((answer) => answer?.refused === 'busy').length).toBeGreaterThan(20);
});

it('who guesses slows nobody down but himself, and gets one guess a minute in the end', async () => {
  const { clock, checked } = await openDoor();
  let guesses = 0;
  for (let second = 0; second < 3600; second += 1) {
    const answer = await checked(stranger(1), 'code', wrong);
    if (answer?.refused === 'wrong') guesses += 1;
    await clock.advance(1000);
  }
  expect(guesses).toBeLessThan(75);
  expect(await checked(admin, 'code', right)).toBeUndefined();
});

it('one address has one guess at a time, however many it sends', async () => {
  const { checked } = await openDoor();
  const asked = await Promise.all(
    Array.from({ length: 20 }, async () => await checked(stranger(1), 'code', wrong)),
  );
  expect(asked.filter((answer) => answer?.refused === 'wrong')).toHaveLength(1);
});

it('a clock that is set makes nobody wait for longer than a minute', async () => {
  const { clock, checked } = await openDoor();
  clock.set(Date.UTC(2099, 0, 1));
  for (let guess = 0; guess < 30; guess += 1) {
    await checked(admin, 'password', wrong);
    await clock.advance(61_000);
  }
  await checked(admin, 'password', wrong);
  clock.set(Date.UTC(2026, 0, 1));
  expect(await checked(admin, 'password', right)).toBeUndefined();
});
