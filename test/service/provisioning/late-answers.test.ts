import { expect, test } from 'vitest';
import { mac } from '../../support/hostile-cloud.ts';
import { until } from '../../support/command.ts';
import { factoryState, pollPhone, settlePhone } from '../../support/phone-provisioning.ts';
import { startSite } from '../../support/provisioning.ts';

const walks = [
  { vendor: 'yealink', mac, led: 'over HTTPS', before: 2, own: 'yealink-4-mac' },
  { vendor: 'audiocodes', mac: '00:90:8f:aa:bb:05', led: 'in clear', before: 1, own: 'audiocodes-2-mac' },
] as const;

test.each(walks)(
  '$vendor, led $led: an account that comes later than a phone waits is minted once, and given when it asks again',
  async ({ vendor, mac: ofPhone, before, own }) => {
    await using site = await startSite({ toml: 'allow_cleartext = ["audiocodes"]' });
    const { cloud } = site;
    const phone = factoryState({ vendor, mac: ofPhone, url: `${site.url}/` });
    // The overlay where it is led over HTTPS, and the first stage.
    for (let round = 0; round < before; round += 1) await pollPhone(phone);
    const release = cloud.hold();
    await pollPhone(phone);
    await pollPhone(phone);
    expect(phone.asked.slice(-1)).toMatchObject([{ fixture: own, status: 503 }]);
    const minting = new RegExp(`/ob/.*/${ofPhone.replaceAll(':', '')}\\.cfg$`, 'i');
    expect(cloud.requests.filter(({ target }) => minting.test(target))).toHaveLength(1);
    release();
    await until('the late answer is kept', async () => site.log().includes('late answer kept') || undefined, {
      timeoutMs: 10_000,
    });
    await settlePhone(phone);
    expect(phone.account).toMatchObject({ user: cloud.accounts[0]?.user });
    expect(cloud.accounts).toHaveLength(1);
    expect(cloud.violations).toEqual([]);
  },
);
