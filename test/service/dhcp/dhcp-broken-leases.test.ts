/** A lease file that can't be read any more: phones must get addresses all the same, and people must know. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { startInform } from '../../../appliance/dhcp/inform.ts';
import { startRelay } from '../../../appliance/dhcp/relay.ts';
import { storeFile } from '../../../appliance/store/store.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openBeside } from './dhcp-beside.ts';
import { boot, openDhcpSite, yealink } from './dhcp-site.ts';

const other = '80:5e:c0:00:00:02';

function breakFile(directory: string): void {
  const file = storeFile(directory, 'dhcp');
  mkdirSync(dirname(file), { recursive: true });
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
}

test('it is set aside and told; whoever renews keeps its address, also after one more restart', async () => {
  const directory = temporaryDirectory();
  let ip: string;
  {
    await using site = await openDhcpSite(directory);
    ip = await boot(site);
  }
  breakFile(directory);
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

test.each([
  ['inform', startInform, ''],
  ['relay', startRelay, '[dhcp.relay]\nservers = ["10.9.0.1"]\n'],
] as const)('beside another server (%s) it keeps nobody waiting either', async (mode, start, more) => {
  const directory = temporaryDirectory();
  breakFile(directory);
  await using site = await openBeside(start, { directory, dhcp: `mode = "${mode}"\n${more}` });
  expect(site.kinds()).toEqual(['started', 'store_replaced']);
});
