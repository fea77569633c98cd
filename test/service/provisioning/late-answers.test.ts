import { expect, test } from 'vitest';
import { mac } from '../../support/hostile-cloud.ts';
import { until } from '../../support/command.ts';
import { factoryState, pollPhone, settlePhone } from '../../support/phone-provisioning.ts';
import { startSite } from '../../support/provisioning.ts';

test('an account that comes later than a phone waits is minted once, and the phone gets it when it asks again', async () => {
  await using site = await startSite();
  const { cloud } = site;
  const phone = factoryState({ vendor: 'yealink', mac, url: `${site.url}/` });
  // The overlay, then the first stage.
  await pollPhone(phone);
  await pollPhone(phone);
  const release = cloud.hold();
  await pollPhone(phone);
  await pollPhone(phone);
  expect(phone.asked.slice(-1)).toMatchObject([{ fixture: 'yealink-4-mac', status: 503 }]);
  const own = cloud.requests.filter(({ target }) => /\/ob\/.*\/001565aabb01\.cfg$/.test(target));
  expect(own).toHaveLength(1);
  release();
  await until('the late answer is kept', async () => site.log().includes('late answer kept') || undefined, {
    timeoutMs: 10_000,
  });
  await settlePhone(phone);
  expect(phone.account).toMatchObject({ user: cloud.accounts[0]?.user });
  expect(cloud.accounts).toHaveLength(1);
  expect(cloud.violations).toEqual([]);
});
