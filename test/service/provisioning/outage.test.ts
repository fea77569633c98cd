import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReader } from '../../../appliance/store/reader.ts';
import { readPhoneConfigurations } from '../../../appliance/store/phone-configurations.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { portOf } from '../../support/hostile-cloud.ts';
import { lease } from '../../support/lease.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone, pollPhone, type PhoneState } from '../../support/phone-provisioning.ts';
import { address, readJournal, startSite } from '../../support/provisioning.ts';
import { openProvisioningBox } from '../../support/provisioning-box.ts';
import { killWhilePhonesWalk } from '../../support/provisioning-kills.ts';

const mac = '00:15:65:aa:bb:01';

async function askFor(state: PhoneState, changes: { url?: string; from?: string; mac?: string } = {}) {
  return sendFixture({ fixture: 'yealink-4-mac', url: state.url, mac, ca: state.trusted, ...changes });
}

test('in an outage a phone gets its last answer for its own path, from its own address, and nothing else', async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/`, from: '127.0.0.1' });
  site.cloud.signIn(mac, '+4930123456');
  await pollPhone(phone);
  const online = await askFor(phone);
  await site.cloud[Symbol.asyncDispose]();

  const kept = await askFor(phone);
  expect(kept.status).toBe(200);
  expect(kept.body.toString()).toBe(online.body.toString());
  expect(site.part.health()).toMatchObject({ state: 'degraded' });

  const elsewhere = await askFor(phone, { from: '127.0.0.2' });
  expect(elsewhere.status).toBe(503);
  const guessed = await askFor(phone, {
    url: phone.url.replace(/mmiiaacc\/\w{14}/, (text) => `${text.slice(0, -2)}zz`),
  });
  expect(guessed.status).toBe(503);
  const first = await askFor(phone, { url: `https://${address}:${site.part.httpsPort}/` });
  expect(first.status).toBe(503);
  expect(first.headers.get('retry-after')).toBe('60');
  expect(first.body).toHaveLength(0);
});

test('what was kept comes with the time of today, not with that of the day when the cloud gave it', async () => {
  const authority = await newCloudAuthority();
  const host = 'usea.dm.sdg.teams.microsoft.com';
  const day = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const cloud = createHttps(await authority.certificateFor([host]), (_, response) => {
    response.writeHead(200, { Date: day }).end('#!version:1.0.0.1\nlang.gui = German\n');
  });
  const httpsPort = await portOf(cloud.listen(0, address));
  await using site = await startSite({ network: { httpsPort }, extraCa: authority.ca });
  const ca = await sendFixture({ fixture: 'yealink-ca', url: `${site.url}/gatehouse-ca.pem`, mac });
  const url = `https://${address}:${site.part.httpsPort}/${host}/device/mmiiaacc/1/lang_en/`;
  const ask = async () => sendFixture({ fixture: 'yealink-4-mac', url, mac, ca: ca.body.toString() });
  expect((await ask()).headers.get('date')).toBe(day);
  cloud.close();
  const kept = await ask();
  expect(kept.status).toBe(200);
  expect(Date.parse(kept.headers.get('date') ?? '')).toBeGreaterThan(Date.parse('2026-01-01'));
});

test('in an outage a phone that got another address by our lease is still the same phone', async () => {
  const directory = temporaryDirectory();
  await lease(directory, '127.0.0.1', mac);
  await using site = await startSite({ directory });
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/`, from: '127.0.0.1' });
  await site.cloud[Symbol.asyncDispose]();
  await lease(directory, '127.0.0.1', '00:15:65:aa:bb:77');
  await lease(directory, '127.0.0.2', mac);
  expect((await askFor(phone, { from: '127.0.0.2' })).status).toBe(200);
  expect((await askFor(phone, { from: '127.0.0.1' })).status).toBe(403);
});

test('a phone that was already configured and starts during an outage is told to come again, and keeps what it has', async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  await site.cloud[Symbol.asyncDispose]();
  await askFor(phone);
  const inClear = await sendFixture({ fixture: 'yealink-4-mac', url: `${site.url}/`, mac });
  expect(inClear.status).toBe(503);
});

test('when the cloud is back it is asked again', async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  expect(site.part.health()).toEqual({ state: 'ok' });
  const before = site.cloud.requests.length;
  await askFor(phone);
  expect(site.cloud.requests).toHaveLength(before + 1);
  expect(site.part.counters()).toMatchObject({ kept_answers_given: 0, upstream_failures: 0 });
});

test('after kill -9 all that a phone was given is there, and the phone goes on where it was', async () => {
  const directory = temporaryDirectory();
  await using box = await openProvisioningBox(directory);
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `http://${address}:${box.httpPort}/` });
  await box.kill();

  using reader = openReader(directory, 'provisioning');
  expect(reader && readPhoneConfigurations(reader.db)).toMatchObject([{ mac, stage: 3, status: 200 }]);

  // The same ports: the phone is not touched. The cloud is away: only what was committed can answer.
  await box.cloud[Symbol.asyncDispose]();
  await box.start();
  const kept = await askFor(phone);
  expect(kept.status).toBe(200);
  expect(kept.body.toString()).toContain(box.cloud.accounts[0]?.password);
});

test(
  'killed again and again while phones walk, the box gives out nothing half-written, and again what a phone saw',
  // Each start is a second of processor time; hundreds of kills are for `npm run test:long`.
  { timeout: 120_000 },
  async () => {
    await using box = await openProvisioningBox(temporaryDirectory());
    const tally = await killWhilePhonesWalk(box, { kills: 6, phonesAtOnce: 6, mostAnswers: 60 });
    expect(tally.broken).toEqual([]);
    expect(tally.askedAgain).toBeGreaterThan(3);
  },
);

test('no one-time path and no password is in the log, the journal or any file in clear', async () => {
  const directory = temporaryDirectory();
  const canaries: string[] = [];
  let log = '';
  {
    await using site = await startSite({ directory });
    const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
    site.cloud.signIn(mac, '+4930123456');
    await pollPhone(phone);
    await pollPhone(phone);
    await askFor(phone, { from: '127.0.0.2', mac: '00:15:65:aa:bb:99' });
    await site.cloud[Symbol.asyncDispose]();
    await askFor(phone);
    // In clear went only what is no secret: file names of the first stage, and the authority.
    for (const { url } of phone.asked.filter((one) => one.url.startsWith('http:'))) {
      expect([`${site.url}/`, `${site.url}/gatehouse-ca.pem`]).toContain(url);
    }
    const paths = phone.asked
      .map(({ url }) => /(?:ob|mmiiaacc)\/([^/]+)/.exec(url)?.[1])
      .filter((one) => one !== undefined);
    canaries.push(...site.cloud.accounts.map(({ password }) => password), ...paths);
    log = site.log();
  }
  expect(canaries.length).toBeGreaterThan(4);
  const files = readdirSync(join(directory, 'provisioning')).map((name) =>
    readFileSync(join(directory, 'provisioning', name), 'latin1'),
  );
  const journal = JSON.stringify(readJournal(directory));
  expect(log.length).toBeGreaterThan(500);
  for (const canary of canaries) {
    for (const text of [log, journal, ...files]) expect(text.includes(canary)).toBe(false);
  }
});
