import { expect, it, onTestFinished } from 'vitest';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { serveLines } from '../../../appliance/net/unix-lines.ts';
import {
  mediaSocketPath,
  parseMediaRequest,
  type MediaRequest,
} from '../../../appliance/protocol/media-control.ts';
import { openMedia, type Media } from '../../../appliance/sip/media.ts';
import { openWorld } from '../../../appliance/world.ts';
import { fakeClock } from '../../support/clock.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const wait = { timeoutMs: 5000, everyMs: 5 };

it('ports that the relay did not give in time are given back by whoever asked for them', async () => {
  const directory = temporaryDirectory();
  const path = mediaSocketPath(directory);
  mkdirSync(dirname(path));
  const asked: MediaRequest[] = [];
  const server = await serveLines(path, (line) => void asked.push(parseMediaRequest(line)));
  onTestFinished(() => server[Symbol.asyncDispose]());
  const clock = fakeClock();
  const media = openMedia({ ...openWorld('silent'), clock }, directory, {
    onIdle: () => undefined,
    onConnected: () => Promise.resolve(),
  });
  onTestFinished(() => media[Symbol.asyncDispose]());
  await until('the relay to be connected', () => media.isConnected || undefined, wait);
  const refusal = media
    .allocate('call.0', { phone: '10.66.0.1', cloud: '192.0.2.2' })
    .then(() => 'none', String);
  await until('the relay to be asked', () => asked[0], wait);
  await clock.advance(2999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(await refusal).toContain('no answer to allocate');
  await until('the relay to be told', () => asked[1], wait);
  expect(asked[1]).toMatchObject({ verb: 'release', session: 'call.0' });
});

it('a relay that goes while sessions are compared is missed at once, and the next one is found', async () => {
  const directory = temporaryDirectory();
  const path = mediaSocketPath(directory);
  mkdirSync(dirname(path));
  const serve = () => serveLines(path, () => undefined);
  const first = await serve();
  const clock = fakeClock();
  const refusals: string[] = [];
  /** Of a call that ends: nobody answers its BYE yet. */
  const bye = Promise.withResolvers<void>();
  const media: Media = openMedia({ ...openWorld('silent'), clock }, directory, {
    onIdle: () => undefined,
    onConnected: async () => {
      await media.stats().catch((error: unknown) => refusals.push(String(error)));
      await bye.promise;
    },
  });
  onTestFinished(() => media[Symbol.asyncDispose]());
  onTestFinished(() => bye.resolve());
  await until('the relay to be connected', () => media.isConnected || undefined, wait);
  await first[Symbol.asyncDispose]();
  await until('it to be missed', () => refusals[0], wait);
  expect([refusals, media.isConnected]).toEqual([['Error: media relay: connection lost'], false]);
  const second = await serve();
  onTestFinished(() => second[Symbol.asyncDispose]());
  await clock.advance(2000);
  await until('the next relay to be connected', () => media.isConnected || undefined, wait);
});
