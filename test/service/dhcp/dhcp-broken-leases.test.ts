/** A lease file that can't be read any more: phones must get addresses all the same, and people must know. */
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { storeFile } from '../../../appliance/store/store.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, openDhcpSite, yealink } from './dhcp-site.ts';

const other = '80:5e:c0:00:00:02';

test('it is set aside and told; whoever renews keeps its address, also after one more restart', async () => {
  const directory = temporaryDirectory();
  let ip: string;
  {
    await using site = await openDhcpSite(directory);
    ip = await boot(site);
  }
  const file = storeFile(directory, 'dhcp');
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
  const isTold = { state: 'degraded', reason: expect.stringContaining('leases of before could not be read') };
  {
    await using site = await openDhcpSite(directory);
    expect(site.part.health()).toMatchObject(isTold);
    expect(await boot(site, other)).toBeDefined();
    expect(site.journal().map(({ kind }) => kind)).toEqual(['store_replaced', 'leased']);
  }
  await using site = await openDhcpSite(directory);
  expect(site.part.health()).toMatchObject(isTold);
  expect(await site.say({ type: 'request', mac: yealink, ciaddr: ip })).toMatchObject([
    { type: 'ack', yiaddr: ip },
  ]);
  await site.clock.advance(3_600_000);
  expect(site.part.health()).toEqual({ state: 'ok' });
});
