/** More phones than fit into one table of old, each with its own connection upstream; `test:long sip-phones` does it with 10,000. */
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';
import { openRegisteringCrowd } from '../../support/registering-crowd.ts';

const count = 2100;

it('2,100 phones are registered, all are known after a kill -9, and each that comes again is answered', async () => {
  const crowd = await openRegisteringCrowd(temporaryDirectory(), { count, overTls: 'every tenth' });
  onTestFinished(() => crowd[Symbol.asyncDispose]());
  await crowd.start();
  expect(await crowd.register(1)).toEqual({ 200: count });
  const known = crowd.tokens();
  expect([known.size, crowd.overTls()]).toEqual([count, count / 10]);
  await crowd.kill();
  await crowd.start();
  expect(crowd.tokens()).toEqual(known);
  expect(await crowd.register(2)).toEqual({ 200: count });
  expect(crowd.tokens(), 'each under its own name upstream').toEqual(known);
}, 300_000);
