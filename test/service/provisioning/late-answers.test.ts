import { expect, test } from 'vitest';
import { readPhoneConfigurations } from '../../../appliance/store/phone-configurations.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { hostile, mac } from '../../support/hostile-cloud.ts';
import { until } from '../../support/command.ts';
import { factoryState, pollPhone, settlePhone } from '../../support/phone-provisioning.ts';
import { startSite, type ProvisioningSite } from '../../support/provisioning.ts';

function readView({ directory }: ProvisioningSite) {
  using reader = openReader(directory, 'provisioning');
  return reader && readPhoneConfigurations(reader.db).at(-1);
}

const walks = [
  { vendor: 'yealink', mac, led: 'over HTTPS', posture: 'full', before: 2, own: 'yealink-4-mac' },
  {
    vendor: 'audiocodes',
    mac: '00:90:8f:aa:bb:05',
    led: 'in clear',
    posture: 'provision',
    before: 1,
    own: 'audiocodes-2-mac',
  },
] as const;

test.each(walks)(
  '$vendor, led $led: an account that comes later than a phone waits is minted once, and given when it asks again',
  async ({ vendor, mac: ofPhone, before, own, posture }) => {
    await using site = await startSite({
      toml: 'allow_cleartext = ["audiocodes"]',
      upstreamTimeoutSeconds: 2,
    });
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
    await pollPhone(phone);
    // As of any answer, it is written down how far the phone is and what goes through the box.
    expect(readView(site)).toMatchObject({ mac: ofPhone, stage: 2, posture });
    await settlePhone(phone);
    expect(phone.account).toMatchObject({ user: cloud.accounts[0]?.user });
    expect(cloud.accounts).toHaveLength(1);
    expect(cloud.violations).toEqual([]);
  },
);

test('a first stage that comes later than a phone waits goes to nobody: who asks again can be anybody, and the cloud gives it anew', async () => {
  const waiting: (() => void)[] = [];
  await using box = await hostile(
    (request, response) => {
      const at = waiting.length;
      const answer = () => response.end(`#!version:1.0.0.1\naccount.1.label = ${at}\n`);
      waiting.push(answer);
      if (at > 0) answer();
    },
    { upstreamTimeoutSeconds: 2 },
  );
  expect((await box.ask()).status).toBe(503);
  waiting[0]?.();
  await until(
    'the late answer is kept',
    async () => box.site.log().includes('late answer kept') || undefined,
    {
      timeoutMs: 10_000,
    },
  );
  const answer = await box.ask();
  expect(answer.body.toString()).toContain('account.1.label = 1');
  expect(box.asked).toHaveLength(2);
});
