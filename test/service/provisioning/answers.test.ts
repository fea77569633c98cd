import { expect, test } from 'vitest';
import { openAnswers, type KeptAnswer } from '../../../appliance/provisioning/answers.ts';
import { openSecrets } from '../../../appliance/store/secrets.ts';
import { fakeClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const host = 'usea.dm.sdg.teams.microsoft.com';
const macOf = (n: number) => `00:15:65:00:00:${n.toString(16).padStart(2, '0')}`;
const keyOf = (n: number) => ({ mac: macOf(n), host, path: `/device/ob/${n}/` });
const answer: KeptAnswer = {
  at: 0,
  ip: '10.0.0.5',
  stage: 2,
  status: 200,
  headers: [],
  body: Buffer.from('canary'),
};

async function kept(bounds: { answers: number; links: number }) {
  const clock = fakeClock();
  const secrets = openSecrets(temporaryDirectory(), 'provisioning', clock);
  const answers = openAnswers({ secrets, clock }, bounds);
  for (let n = 0; n < 50; n += 1) {
    await clock.advance(1);
    await answers.reserve();
    await answers.keep(keyOf(n), answer);
    await answers.own(macOf(n), [keyOf(n)]);
  }
  return { secrets, answers };
}

test('however many phones are invented, no more than so many records are kept, the newest ones', async () => {
  const { secrets, answers } = await kept({ answers: 20, links: 10 });
  expect(secrets.names('answer/').length).toBeLessThanOrEqual(20);
  expect(secrets.names('link/').length).toBeLessThanOrEqual(10);
  expect(secrets.names('').length).toBeLessThanOrEqual(31);
  expect(answers.find(keyOf(49))?.body.toString()).toBe('canary');
  expect(answers.ownerOf(keyOf(49))).toBe(macOf(49));
  expect(answers.find(keyOf(0))).toBeUndefined();
});

test('what one phone was given for another path, or another phone for the same one, is not found', async () => {
  const { answers } = await kept({ answers: 100, links: 100 });
  expect(answers.find({ ...keyOf(1), path: '/device/ob/2/' })).toBeUndefined();
  expect(answers.find({ ...keyOf(1), mac: macOf(2) })).toBeUndefined();
  expect(answers.find(keyOf(1))?.ip).toBe('10.0.0.5');
});

test("a folder is the phone's that was led there last, whatever file is asked for", async () => {
  const { answers } = await kept({ answers: 100, links: 100 });
  const link = { host, path: '/device/ob/1/any.cfg?x' };
  expect(answers.ownerOf(link)).toBe(macOf(1));
  await answers.own(macOf(2), [keyOf(1)]);
  expect(answers.ownerOf(link)).toBe(macOf(2));
  expect(answers.ownerOf({ host, path: '/device/ob/' })).toBeUndefined();
});

test('a clock that was ahead and is set right leaves the answers that come then their place', async () => {
  const clock = fakeClock();
  const answers = openAnswers({ secrets: openSecrets(temporaryDirectory(), 'provisioning', clock), clock });
  const [mac, right] = [macOf(1), clock.now()];
  clock.set(right + 4 * 365 * 86_400_000);
  for (let n = 0; n < 8; n += 1) await answers.keep({ ...keyOf(n), mac }, answer);
  clock.set(right);
  for (let n = 8; n < 12; n += 1) {
    await answers.keep({ ...keyOf(n), mac }, answer);
    await clock.advance(1);
  }
  expect([8, 9, 10, 11].map((n) => answers.find({ ...keyOf(n), mac })?.status)).toEqual([200, 200, 200, 200]);
});
