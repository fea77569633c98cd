import { expect, it, onTestFinished } from 'vitest';
import { readLiveQuality, readQuality } from '../../../appliance/store/media-quality.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { until } from '../../support/command.ts';
import { endpoint, local, mediaSite, packet, remote } from '../../support/media-site.ts';
import { missing } from '../../support/refusal.ts';

const codecs = [{ payloadType: 0, name: 'PCMU', clockRate: 8000 }];

it('what a call sounds like is there while it lasts, kept after it, and journaled once', async () => {
  const { media, directory, clock, relay } = await mediaSite();
  const [phone, cloud] = [await endpoint(), await endpoint()];
  const ports = await media.allocate('call.0', { phone: local, cloud: local });
  await media.allocate('silent.0', { phone: local, cloud: local });
  for (const leg of ['phone', 'cloud'] as const) await media.describe('call.0', leg, { codecs });
  await media.update('call.0', 'phone', remote(phone.address().port));
  await media.update('call.0', 'cloud', remote(cloud.address().port));
  for (let sequence = 1; sequence <= 100; sequence += 1) {
    await clock.advance(20);
    await phone.send(packet(sequence), { address: local, port: ports.phone.rtp });
    // The way out loses one packet in five.
    if (sequence % 5 !== 3) await cloud.send(packet(sequence), { address: local, port: ports.cloud.rtp });
    await cloud.next(sequence);
  }
  await phone.next(80);
  await clock.advance(5000);
  const live = await until('a measurement', () => readLiveQuality(directory)[0], {
    timeoutMs: 3000,
    everyMs: 10,
  });
  expect(live).toMatchObject({ session: 'call.0', isEnded: false, total: { phone: { codec: 'PCMU' } } });
  expect(live.total.cloud.lossToBox).toBeCloseTo(0.2, 1);
  expect(live.total.phone).toMatchObject({ packets: 100, lossToBox: 0 });
  await media.release('call.0');
  await media.release('silent.0');
  expect(readLiveQuality(directory)).toEqual([]);
  expect(readQuality(directory, ['call', 'silent', 'other'])).toMatchObject([
    { call: 'call', isEnded: true },
  ]);
  const reader = openReader(directory, 'rtp') ?? missing('the store');
  onTestFinished(() => reader[Symbol.dispose]());
  const rows = () =>
    reader.journalAfter(0, 10).filter((row) => 'kind' in row && row.kind === 'media_quality');
  await until('the journal', () => rows()[0], { timeoutMs: 3000, everyMs: 10 });
  expect(rows()).toHaveLength(1);
  const body = JSON.parse((rows()[0] as { body: string }).body) as Record<string, unknown>;
  expect(body).toMatchObject({ session: 'call.0', blamed: 'cloud', phone_codec: 'PCMU' });
  expect(body['verdict']).toMatch(/^The way out lost \d+\.\d % of the packets on their way to the box\.$/);
  expect(relay.counters()).toMatchObject({ media_rated: 1, media_poor: 1, quality_errors: 0 });
});
