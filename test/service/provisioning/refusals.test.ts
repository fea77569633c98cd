import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../../support/command.ts';
import { lease } from '../../support/lease.ts';
import { fixtureBytes, sendBytes, sendFixture } from '../../support/phone-http.ts';
import { bootPhone, type PhoneState } from '../../support/phone-provisioning.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const mac = '00:15:65:aa:bb:01';
const other = '00:15:65:aa:bb:02';

async function bootYealink(site: ProvisioningSite): Promise<PhoneState> {
  return bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
}

/** The request of a phone's own file, with its trust, from an address. */
async function askFor(state: PhoneState, changes: { mac?: string; url?: string; from?: string } = {}) {
  return sendFixture({
    fixture: 'yealink-4-mac',
    url: state.url,
    mac: state.mac,
    ca: state.trusted,
    ...changes,
  });
}

test("a path with another phone's MAC than the sender's lease is refused and never reaches the cloud", async () => {
  const directory = temporaryDirectory();
  await lease(directory, address, mac);
  await using site = await startSite({ directory });
  const answer = await sendFixture({ fixture: 'yealink-4-mac', url: `${site.url}/`, mac: other });
  expect(answer.status).toBe(403);
  expect(site.cloud.requests).toEqual([]);
  expect(site.journal()).toMatchObject([{ kind: 'started' }, { kind: 'request_refused', mac }]);
});

test("another device on the network gets nothing by a phone's own path", async () => {
  const directory = temporaryDirectory();
  await lease(directory, '127.0.0.1', mac);
  await lease(directory, '127.0.0.2', other);
  await using site = await startSite({ directory });
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/`, from: '127.0.0.1' });
  const before = site.cloud.requests.length;
  expect((await askFor(phone, { from: '127.0.0.2' })).status).toBe(403);
  expect((await askFor(phone, { from: '127.0.0.2', mac: other })).status).toBe(403);
  const [onboarding] = phone.asked.filter(({ url }) => url.includes('/device/ob/'));
  expect((await askFor(phone, { from: '127.0.0.2', mac: other, url: onboarding?.url ?? '' })).status).toBe(
    403,
  );
  expect(site.cloud.requests).toHaveLength(before);
});

test('a later stage in clear is refused: its path is a credential', async () => {
  await using site = await startSite();
  const phone = await bootYealink(site);
  const before = site.cloud.requests.length;
  const inClear = phone.url.replace(`https://${address}:${site.part.httpsPort}`, site.url);
  expect((await askFor(phone, { url: inClear })).status).toBe(403);
  expect(site.cloud.requests).toHaveLength(before);
});

test('a request that a phone repeats is answered from what was kept, and never sent up again', async () => {
  await using site = await startSite();
  const phone = await bootYealink(site);
  const [once1] = phone.asked.filter(
    ({ fixture, url }) => fixture === 'yealink-4-mac' && url.includes('/device/ob/'),
  );
  const before = site.cloud.requests.length;
  const again = await askFor(phone, { url: once1?.url ?? '' });
  expect(again.status).toBe(200);
  expect(again.body.toString()).toContain(site.cloud.accounts[0]?.password);
  expect(again.body.toString()).toContain('account.1.outbound_proxy.1.address = 127.0.0.1');
  expect(site.cloud.requests).toHaveLength(before);
  expect(site.cloud.violations).toEqual([]);
});

test('requests for the same path at the same time are one request to the cloud', async () => {
  await using site = await startSite();
  const phone = await bootYealink(site);
  const before = site.cloud.requests.length;
  const answers = await Promise.all(Array.from({ length: 6 }, async () => askFor(phone)));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body.toString())).size).toBe(1);
  expect(site.cloud.requests.length - before).toBeLessThan(6);
});

test("the cloud sees the phone's target and headers as they were, but for the three that are ours", async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'snom', mac: '00:04:13:aa:bb:04', url: `${site.url}/` });
  const target = `/device/x/%7Euser/$PSN/{mac}?a=%2B&b=;c`;
  const bytes = fixtureBytes({
    fixture: 'snom-1-model',
    url: `https://${address}:${site.part.httpsPort}/`,
    mac: phone.mac,
  })
    .toString('latin1')
    .replace(/^GET \S+/, `GET /usea.dm.sdg.teams.microsoft.com${target}`)
    .replace('Accept-Language: en', 'accept-LANGUAGE: en\r\nX-Odd:  two  spaces');
  await sendBytes(Buffer.from(bytes, 'latin1'), { url: phone.url, ca: phone.trusted });
  const seen = site.cloud.requests.at(-1);
  expect(seen?.target).toBe(target);
  expect(seen?.headers).toEqual([
    ['Host', 'usea.dm.sdg.teams.microsoft.com'],
    ['accept-LANGUAGE', 'en'],
    ['X-Odd', 'two  spaces'],
    ['Accept', 'text/html, text/xml'],
    ['Connection', 'close'],
    [
      'User-Agent',
      'Mozilla/4.0 (compatible; snomD735-SIP 10.1.141.13 2010.12-00004-g9ba52f5 (Aug 24 2022 - 10:11:12) 000413AABB04 SXM:0 UXM:0 UXMC:0)',
    ],
    ['Accept-Encoding', 'identity'],
  ]);
});

test('what is given once is asked for on a connection of its own, the third stage on one that stays', async () => {
  await using site = await startSite();
  await bootYealink(site);
  const connections = site.cloud.requests.map(({ headers, target }) => [
    target.includes('/mmiiaacc/') ? 'third' : 'earlier',
    headers.find(([name]) => name === 'Connection')?.[1],
  ]);
  expect(new Set(connections.map(String))).toEqual(new Set(['earlier,close', 'third,keep-alive']));
});

test.each([
  ['GET /a/../b HTTP/1.1', 400],
  ['GET http://evil.example/ HTTP/1.1', 400],
  ['GET //evil.example/x HTTP/1.1', 400],
  ['POST /001565aabb01.cfg HTTP/1.1', 405],
  ['HEAD /001565aabb01.cfg HTTP/1.1', 200],
  ['HEAD /y000000000066.cfg HTTP/1.1', 404],
  ['BREW / HTTP/1.1', 400],
  ['GET / HTTP/9.9', 400],
  [`GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}`, 400],
  ['\u0016\u0003\u0001\u0002\u0000\u0001', 400],
])('%j gets %i and the server goes on', async (line, status) => {
  await using site = await startSite();
  const bytes = Buffer.from(
    `${line}\r\nHost: x\r\nUser-Agent: Yealink SIP-T46S 66.86.5.1 ${mac}\r\nConnection: close\r\n\r\n`,
    'latin1',
  );
  const answer = await sendBytes(bytes, { url: site.url });
  expect(answer.status).toBe(status);
  expect(site.cloud.requests).toEqual([]);
  expect((await sendFixture({ fixture: 'yealink-4-mac', url: `${site.url}/`, mac })).status).toBe(200);
});

test('an address that opens connection after connection does not lock out another', async () => {
  await using site = await startSite();
  const port = site.part.httpPort;
  const hoard = Array.from({ length: 200 }, () =>
    connect({ host: address, port, localAddress: '127.0.0.2' }).on('error', () => undefined),
  );
  const refused = () => site.part.counters()['connections_refused'] === 72 || undefined;
  await until('those that are too many to be closed', refused, { timeoutMs: 10_000 });
  expect(
    (await sendFixture({ fixture: 'yealink-4-mac', url: `${site.url}/`, mac, from: '127.0.0.3' })).status,
  ).toBe(200);
  for (const socket of hoard) socket.destroy();
});
