/** What phones are told that were ordered back to the cloud. */
import { expect, test } from 'vitest';
import { savePhoneConfiguration } from '../../../appliance/store/phone-configurations.ts';
import type { Posture } from '../../../appliance/store/phone-stage.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { giveOrder } from '../../support/tasks.ts';
import { openDhcpSite, yealink } from './dhcp-site.ts';

const cloud = 'http://emea.ipp.sdg.teams.microsoft.com';
const box = 'http://10.66.0.1';

async function answered(directory: string, posture: Posture): Promise<void> {
  using store = openStore({ directory, part: 'provisioning', clock: systemClock });
  await store.write(({ db }) =>
    savePhoneConfiguration(db, {
      mac: yealink,
      ip: '10.66.0.100',
      userAgent: '',
      stage: 3,
      at: 1,
      status: 200,
      posture,
    }),
  );
}

async function urlOffered(directory: string): Promise<unknown> {
  await using site = await openDhcpSite(directory);
  const [offer] = await site.say({ type: 'discover' });
  return offer?.options.tftpServerName;
}

test('a phone ordered back is named the cloud, its neighbour of the same make the box', async () => {
  const directory = temporaryDirectory();
  await giveOrder(directory, 'bypass', yealink);
  await using site = await openDhcpSite(directory);
  const [offer] = await site.say({ type: 'discover' });
  expect(offer?.options.tftpServerName).toBe(cloud);
  const [other] = await site.say({ type: 'discover', mac: '80:5e:c0:00:00:02' });
  expect(other?.options.tftpServerName).toBe(box);
});

test('a phone ordered back is named the box until its configuration took the box away as outbound proxy', async () => {
  const directory = temporaryDirectory();
  await giveOrder(directory, 'bypass', '*');
  await answered(directory, 'full');
  expect(await urlOffered(directory)).toBe(box);
  await answered(directory, 'assist');
  expect(await urlOffered(directory)).toBe(cloud);
});

test('the order taken back, the phone is named the box again without a restart', async () => {
  const directory = temporaryDirectory();
  await giveOrder(directory, 'bypass', '*');
  await using site = await openDhcpSite(directory);
  await site.say({ type: 'discover' });
  await giveOrder(directory, 'lead', yealink);
  const [offer] = await site.say({ type: 'discover' });
  expect(offer?.options.tftpServerName).toBe(box);
});
