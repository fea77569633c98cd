/** Accounts that pass to phones led through the box: kept for sip, and for nobody else. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openAccountKey, type AccountOpener } from '../../../appliance/store/account-seal.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { readSipAccounts } from '../../../appliance/store/sip-accounts.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { bootPhone, pollPhone, type PhoneState } from '../../support/phone-provisioning.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';
import { giveOrder } from '../../support/tasks.ts';
import { walks, type Walk } from '../../support/provisioning-walks.ts';

const user = '+4930123456';

async function openSite(
  posture: 'provision' | 'full' = 'full',
): Promise<{ site: ProvisioningSite; key: AccountOpener }> {
  const directory = temporaryDirectory();
  await giveOrder(directory, 'lead', '*');
  const key = openAccountKey(directory);
  return { site: await startSite({ directory, posture }), key };
}

async function signIn(site: ProvisioningSite, { vendor, mac, path }: Walk): Promise<PhoneState> {
  const names = { host: address, httpPort: site.cloud.httpPort, httpsPort: site.cloud.httpsPort };
  const phone = await bootPhone({ vendor, mac, url: `${site.url}${path}`, trusted: site.cloudCa, names });
  expect(rows(site, phone.account?.user ?? '')).toEqual([]);
  site.cloud.signIn(mac, user);
  await pollPhone(phone);
  await pollPhone(phone);
  return phone;
}

function rows({ directory }: ProvisioningSite, of = user) {
  using reader = openReader(directory, 'provisioning');
  return reader === undefined ? [] : readSipAccounts(reader.db, of);
}

test.each(walks)(
  'the account of a $vendor phone that signed in is kept sealed, and gone when the phone is handed back',
  async (walk) => {
    const { site: opened, key } = await openSite();
    await using site = opened;
    const phone = await signIn(site, walk);
    const [kept, ...more] = rows(site);
    if (kept === undefined) throw new Error('no account kept');
    expect(more).toEqual([]);
    const { authName, password } = phone.account ?? {};
    expect(kept).toMatchObject({ mac: walk.mac, sealed_for: key.keyId });
    expect(key.open(kept, kept.sealed)).toEqual({ authUser: authName, password });
    const folder = join(site.directory, 'provisioning');
    const inClear = readdirSync(folder).filter((file) =>
      readFileSync(join(folder, file)).includes(password ?? '?'),
    );
    expect(inClear).toEqual([]);

    await giveOrder(site.directory, 'bypass', walk.mac);
    await pollPhone(phone);
    expect(rows(site)).toEqual([]);
  },
);

test('nothing is kept of a phone whose SIP does not go through the box', async () => {
  const { site: opened } = await openSite('provision');
  await using site = opened;
  const [walk] = walks;
  if (walk === undefined) throw new Error('no phone');
  await signIn(site, walk);
  expect(rows(site)).toEqual([]);
});
