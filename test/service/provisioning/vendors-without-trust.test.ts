import { expect, test } from 'vitest';
import { readPhones } from '../../../appliance/store/phones.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone } from '../../support/phone-provisioning.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const dm = 'usea.dm.sdg.teams.microsoft.com';

/** How far the box stands before each phone, as page and `phones` say it. */
function postures({ directory }: ProvisioningSite): string[] {
  return readPhones(directory, Date.now(), { posture: 'full' }).map(({ posture }) => posture);
}

test.each([
  { vendor: 'audiocodes', mac: '00:90:8f:aa:bb:05', fixture: 'audiocodes-2-mac' },
  { vendor: 'ale', mac: '3c:28:a6:aa:bb:06', fixture: 'ale-2-mac' },
])(
  'a $vendor phone can not be told to trust us: its first stage passes, its later stages stay its own',
  async ({ mac, fixture }) => {
    await using site = await startSite();
    const answer = await sendFixture({ fixture, url: `${site.url}/`, mac });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toContain(`https://${dm}/device/ob/`);
    expect(answer.body.toString()).not.toContain(address);
    const later = await sendFixture({ fixture, url: `${site.url}/${dm}/device/ob/1/lang_en/`, mac });
    expect(later.status).toBe(403);
    expect(postures(site)).toEqual(['assist']);
  },
);

test('only where the settings allow it does such a phone fetch its later stages through the box in clear', async () => {
  await using site = await startSite({ toml: 'allow_cleartext = ["audiocodes"]' });
  const phone = await bootPhone({ vendor: 'audiocodes', mac: '00:90:8f:aa:bb:05', url: `${site.url}/` });
  expect(phone.account?.password).toBe(site.cloud.accounts[0]?.password);
  expect(phone.url).toMatch(new RegExp(`^${site.url}/${dm}/`));
  expect(phone.outboundProxy).toBeUndefined();
  expect(postures(site)).toEqual(['provision']);
});

test('a phone that does not come back over HTTPS goes on without us after a few tries', async () => {
  await using site = await startSite();
  const mac = '00:15:65:aa:bb:01';
  const ask = async () => sendFixture({ fixture: 'yealink-4-mac', url: `${site.url}/`, mac });
  for (let boot = 0; boot < 6; boot += 1) {
    expect((await ask()).body.toString()).toContain('static.trusted_certificates.url');
  }
  expect(site.cloud.requests).toEqual([]);
  const direct = await ask();
  expect(direct.body.toString()).toContain(`static.auto_provision.server.url = https://${dm}/device/ob/`);
  expect(direct.body.toString()).not.toContain('outbound_proxy');
  expect(site.journal().map(({ kind }) => kind)).toContain('authority_not_taken');
  expect(postures(site)).toEqual(['assist']);
});

test('a phone that came back over HTTPS in between is told again', async () => {
  await using site = await startSite();
  const mac = '00:15:65:aa:bb:01';
  for (let boot = 0; boot < 9; boot += 1) await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  expect(site.cloud.violations).toEqual([]);
  expect(site.journal().map(({ kind }) => kind)).not.toContain('authority_not_taken');
  expect(postures(site)).toEqual(['full']);
});

test('in posture "provision" the configuration comes through the box, and SIP does not', async () => {
  await using site = await startSite({ posture: 'provision' });
  const phone = await bootPhone({ vendor: 'cisco', mac: '00:56:2b:aa:bb:03', url: `${site.url}/$PSN.xml` });
  expect(phone.account).toBeDefined();
  expect(phone.outboundProxy).toBeUndefined();
});

test('tenant and language in the path stay with the phone through every stage', async () => {
  await using site = await startSite();
  const tenant = '/tenantid/6babcaad-604b-40ac-a9d7-9fd97c0b779f/lang_de';
  await bootPhone({ vendor: 'snom', mac: '00:04:13:aa:bb:04', url: `${site.url}${tenant}/` });
  await bootPhone({ vendor: 'cisco', mac: '00:56:2b:aa:bb:03', url: `${site.url}${tenant}/$PSN.xml` });
  const first = site.cloud.requests.filter(({ secure }) => !secure).map(({ target }) => target);
  expect(first).toEqual([
    `${tenant}/snomD735.htm`,
    `${tenant}/snomD735-000413AABB04.htm`,
    `${tenant}/8841-3PCC.xml`,
  ]);
  expect(site.cloud.accounts).toHaveLength(2);
});
