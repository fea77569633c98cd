/** A leg whose address of ours changes gets other ports in the middle of its call. */
import { expect, it } from 'vitest';
import { openReader } from '../../../appliance/store/reader.ts';
import { readMediaSessions } from '../../../appliance/store/media-sessions.ts';
import { until } from '../../support/command.ts';
import { endpoint, local, mediaSite, packet, remote } from '../../support/media-site.ts';
import { missing } from '../../support/refusal.ts';

const other = '127.0.0.2';

async function talking() {
  const site = await mediaSite();
  const { media } = site;
  const [phone, cloud] = [await endpoint(), await endpoint()];
  const before = await media.allocate('call.0', { phone: local, cloud: local });
  await media.update('call.0', 'phone', remote(phone.address().port));
  await media.update('call.0', 'cloud', remote(cloud.address().port));
  await phone.send(packet(1), { address: local, port: before.phone.rtp });
  await cloud.send(packet(1), { address: local, port: before.cloud.rtp });
  await Promise.all([phone.next(1), cloud.next(1)]);
  return { ...site, phone, cloud, before };
}

it('the far end is heard at the new ports and hears from there, the phone goes on as it was', async () => {
  const { media, relay, phone, cloud, before } = await talking();
  const senders = new Set<string>();
  const after = await media.move('call.0', 'cloud', other);
  expect(after.phone).toEqual(before.phone);
  expect(after.cloud).not.toEqual(before.cloud);
  cloud.onDatagram((_bytes, { address, port }) => senders.add(`${address}:${port}`));
  await phone.send(packet(2), { address: local, port: after.phone.rtp });
  await cloud.send(packet(2), { address: other, port: after.cloud.rtp });
  await phone.next(2);
  await until('the far end to hear it', () => senders.size > 0 || undefined, {
    timeoutMs: 3000,
    everyMs: 5,
  });
  expect(Array.from(senders)).toEqual([`${other}:${after.cloud.rtp}`]);
  const count = await media.release('call.0');
  expect(count).toMatchObject({ phone: { packets: 2 }, cloud: { packets: 2 } });
  expect(relay.counters()).toMatchObject({ sessions_moved: 1, ports_used: 0, errors: 0 });
});

it('asked again it names the same ports, and one that is moved back gets others', async () => {
  const { media, relay } = await talking();
  const after = await media.move('call.0', 'cloud', other);
  expect(await media.move('call.0', 'cloud', other)).toEqual(after);
  expect(relay.counters()).toMatchObject({ sessions_moved: 1, ports_used: 4 });
  expect((await media.move('call.0', 'cloud', local)).cloud).not.toEqual(after.cloud);
});

it('an address that is not ours changes nothing', async () => {
  const { media, relay, phone, cloud, before } = await talking();
  await expect(media.move('call.0', 'cloud', '203.0.113.77')).rejects.toThrow(/cannot open media ports/);
  await cloud.send(packet(2), { address: local, port: before.cloud.rtp });
  await phone.next(2);
  expect(relay.counters()).toMatchObject({ sessions_moved: 0, ports_used: 4 });
});

it('what is written down of it names the new address, for the process after us', async () => {
  const { media, directory } = await talking();
  const after = await media.move('call.0', 'cloud', other);
  const rows = () => {
    using reader = openReader(directory, 'rtp') ?? missing('the store');
    const [row] = readMediaSessions(reader.db);
    return row?.cloud_address === other ? row : undefined;
  };
  const row = await until('it to be written', rows, { timeoutMs: 3000, everyMs: 5 });
  expect(row).toMatchObject({ phone_port: after.phone.rtp, cloud_port: after.cloud.rtp });
});
