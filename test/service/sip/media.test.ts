import { expect, it, onTestFinished } from 'vitest';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { serveLines } from '../../../appliance/net/unix-lines.ts';
import {
  mediaSocketPath,
  parseMediaRequest,
  type MediaRequest,
} from '../../../appliance/protocol/media-control.ts';
import { openMedia } from '../../../appliance/sip/media.ts';
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
