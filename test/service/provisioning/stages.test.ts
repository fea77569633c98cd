import { expect, test } from 'vitest';
import { openReader } from '../../../appliance/store/reader.ts';
import { readPhoneConfigurations } from '../../../appliance/store/phone-configurations.ts';
import { bootPhone, pollPhone } from '../../support/phone-provisioning.ts';
import { address, startSite } from '../../support/provisioning.ts';
import { walks } from '../../support/provisioning-walks.ts';

test.each(walks)(
  'a $vendor phone goes through all three stages by way of the box',
  async ({ vendor, mac, path }) => {
    await using site = await startSite();
    const phone = await bootPhone({ vendor, mac, url: `${site.url}${path}` });
    const [account] = site.cloud.accounts;
    expect(phone.account).toEqual({
      user: account?.user,
      authName: `${account?.user}@onboarding.org`,
      password: account?.password,
    });
    expect(phone.registrar).toMatchObject({ host: 'obsbc-emea.sdg.teams.microsoft.com' });
    expect(phone.outboundProxy).toMatchObject({ host: address, port: 5061 });
    expect(phone.url).toMatch(
      new RegExp(
        `^https://${address}:${site.part.httpsPort}/usea\\.dm\\.sdg\\.teams\\.microsoft\\.com/device/state/`,
      ),
    );

    site.cloud.signIn(mac, '+4930123456');
    await pollPhone(phone);
    await pollPhone(phone);
    expect(phone.account).toMatchObject({
      authName: '+4930123456@contoso.com',
      password: site.cloud.accounts[1]?.password,
    });
    expect(phone.registrar).toMatchObject({ host: 'mainsbc-emea.sdg.teams.microsoft.com' });
    expect(phone.outboundProxy).toMatchObject({ host: address, port: 5061 });
    expect(site.cloud.violations).toEqual([]);
    expect(site.cloud.accounts).toHaveLength(2);

    using reader = openReader(site.directory, 'provisioning');
    const rows = reader ? readPhoneConfigurations(reader.db) : [];
    expect(rows).toMatchObject([{ mac, vendor, stage: 3, status: 200, ip: address }]);
  },
);
