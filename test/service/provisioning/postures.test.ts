import { createServer as createHttps } from 'node:https';
import { expect, test } from 'vitest';
import { readPhones } from '../../../appliance/store/phones.ts';
import { newRefusals } from '../../../appliance/provisioning/move-back.ts';
import { hurriedClock } from '../../support/clock.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite } from '../../support/site.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { portOf } from '../../support/hostile-cloud.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone, pollPhone } from '../../support/phone-provisioning.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const mac = '00:15:65:aa:bb:01';
const dm = 'usea.dm.sdg.teams.microsoft.com';

const rule = (posture: string, who: string) => `[[site.posture_for]]\nposture = "${posture}"\n${who}`;

function onPage({ directory, config }: ProvisioningSite) {
  return readPhones(directory, Date.now(), config.site);
}

test('vendors, models and phones can have a posture of their own', async () => {
  const toml = [
    rule('provision', 'vendor = "yealink"'),
    rule('full', 'mac = "00-15-65-AA-BB-02"'),
    rule('assist', 'model = "D735"'),
  ].join('\n');
  await using site = await startSite({ toml });
  const url = `${site.url}/`;
  const configured = await bootPhone({ vendor: 'yealink', mac, url });
  expect(configured.outboundProxy).toBeUndefined();
  expect(configured.url).toContain(`https://${address}`);
  const pilot = await bootPhone({ vendor: 'yealink', mac: '00:15:65:aa:bb:02', url });
  expect(pilot.outboundProxy).toMatchObject({ host: address });
  const snom = { fixture: 'snom-2-mac', url, mac: '00:04:13:aa:bb:04' };
  const assisted = await sendFixture(snom);
  expect(assisted.body.toString()).toContain(`https://${dm}/device/ob/`);
  expect(assisted.body.toString()).not.toContain(address);
  expect(onPage(site).map(({ posture }) => posture)).toEqual(['assist', 'provision', 'full']);
  expect(
    onPage(site)
      .map(({ problem = '' }) => problem)
      .join(''),
  ).not.toContain('by itself after');
});

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a cloud that asks for a client certificate (%s) gets the phone itself, and the page says why',
  async (version) => {
    const authority = await newCloudAuthority();
    const asked: string[] = [];
    const server = createHttps(
      {
        ...(await authority.certificateFor([dm])),
        ca: authority.ca,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      },
      (request, response) => {
        asked.push(request.url ?? '');
        response.end();
      },
    );
    const httpsPort = await portOf(server.listen(0, address));
    {
      await using site = await startSite({ network: { httpsPort }, extraCa: authority.ca });
      const ca = await sendFixture({ fixture: 'yealink-ca', url: `${site.url}/gatehouse-ca.pem`, mac });
      const secure = `https://${address}:${site.part.httpsPort}`;
      const trusted = { fixture: 'yealink-4-mac', mac, ca: ca.body.toString() };
      await sendFixture({ ...trusted, url: `${secure}/` });
      for (let poll = 0; poll < 2; poll += 1) {
        const sentOn = await sendFixture({ ...trusted, url: `${secure}/${dm}/device/ob/1/lang_en/` });
        expect(sentOn.status).toBe(302);
        expect(sentOn.headers.get('location')).toMatch(new RegExp(`^https://${dm}/device/ob/1/lang_en/`));
      }
      const [row] = onPage(site);
      expect(row).toMatchObject({ posture: 'assist' });
      expect(row?.problem).toContain('a certificate that only the phone has');
      expect(site.journal().filter(({ kind }) => kind === 'moved_back')).toHaveLength(1);
      expect(site.part.health()).toEqual({ state: 'ok' });
      const again = await sendFixture({ fixture: 'yealink-4-mac', mac, url: `${site.url}/` });
      expect(again.body.toString()).toContain(`https://${dm}/device/ob/`);
      expect(again.body.toString()).not.toContain(`https://${address}`);
    }
    expect(asked).toEqual([]);
    server.close();
  },
);

test('a phone that was moved back may try again when its posture in the settings is another', async () => {
  const authority = await newCloudAuthority();
  const server = createHttps({
    ...(await authority.certificateFor([dm])),
    ca: authority.ca,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const httpsPort = await portOf(server.listen(0, address));
  const before = await startSite({ network: { httpsPort }, extraCa: authority.ca });
  const ca = await sendFixture({ fixture: 'yealink-ca', url: `${before.url}/gatehouse-ca.pem`, mac });
  const url = `https://${address}:${before.part.httpsPort}/${dm}/device/ob/1/lang_en/`;
  await sendFixture({ fixture: 'yealink-4-mac', mac, ca: ca.body.toString(), url });
  await before[Symbol.asyncDispose]();
  server.close();
  await using after = await startSite({ directory: before.directory, posture: 'provision' });
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${after.url}/` });
  expect(phone.url).toContain(`https://${address}`);
  expect(onPage(after)[0]?.problem ?? '').not.toContain('moved back');
});

test('one refusal is an everyday thing, a second one half a minute later is not', () => {
  const refusals = newRefusals();
  expect(refusals.isSecond(mac, 403, 1000)).toBe(false);
  expect(refusals.isSecond(mac, 403, 2000)).toBe(false);
  expect(refusals.isSecond(mac, 503, 20_000)).toBe(false);
  expect(refusals.isSecond(mac, 403, 31_000)).toBe(true);
  expect(refusals.isSecond(mac, 200, 32_000)).toBe(false);
  expect(refusals.isSecond(mac, 401, 90_000)).toBe(false);
});

test('a phone moved up that does not register, while another does, gets its own way back with its next poll', async () => {
  const directory = temporaryDirectory();
  const clock = hurriedClock();
  using facts = openSite(directory, clock);
  await facts.binding('00:15:65:aa:bb:02', '127.0.0.2', { expires_at: clock.now() + 3_600_000 });
  await using site = await startSite({ directory, clock });
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  expect(phone.outboundProxy).toMatchObject({ host: address });
  const isBack = () => site.journal().some(({ kind }) => kind === 'moved_back');
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes && !phone.url.startsWith(`https://${dm}/`); minute += 1) {
      facts.report('sip');
      await clock.advance(60_000);
      await pollPhone(phone);
    }
  };
  await facts.write('sip', (tx) => tx.journal({ kind: 'outage_began', body: { registrar: 'x' } }));
  await pass(20);
  expect(isBack()).toBe(false);
  await facts.write('sip', (tx) => tx.journal({ kind: 'outage_ended', body: { registrar: 'x' } }));
  await pass(20);
  expect(isBack()).toBe(true);
  expect(phone.outboundProxy).toBeUndefined();
  expect(phone.url).toMatch(new RegExp(`^https://${dm}/`));
  expect(onPage(site).find((row) => row.mac === mac)).toMatchObject({
    posture: 'assist',
    problem: expect.stringContaining('it did not stay registered while others did') as string,
  });
});

test.each([
  ['yealink', mac, '/'],
  ['poly', '00:04:f2:aa:bb:02', '/'],
  ['cisco', '00:56:2b:aa:bb:03', '/$PSN.xml'],
  ['snom', '00:04:13:aa:bb:04', '/'],
] as const)(
  'a %s phone that the settings set down from full to provision has no outbound proxy any more',
  async (vendor, own, path) => {
    const first = await startSite();
    const phone = await bootPhone({ vendor, mac: own, url: `${first.url}${path}` });
    expect(phone.outboundProxy).toMatchObject({ host: address });
    const { httpPort, httpsPort } = first.part;
    await first.part[Symbol.asyncDispose]();
    await using second = await startSite({
      directory: first.directory,
      ports: { httpPort, httpsPort },
      network: { httpPort: first.cloud.httpPort, httpsPort: first.cloud.httpsPort },
      extraCa: first.cloudCa,
      posture: 'provision',
    });
    await pollPhone(phone);
    expect(phone.outboundProxy).toBeUndefined();
    expect(phone.url).toContain(`https://${address}`);
    expect(onPage(second).map(({ posture }) => posture)).toEqual(['provision']);
    await first.cloud[Symbol.asyncDispose]();
  },
);
