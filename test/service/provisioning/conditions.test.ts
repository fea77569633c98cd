/** Phones that ask only for what has changed since they asked last, here or of the cloud itself (RFC 9110, 13.1). */
import { createServer as createHttps } from 'node:https';
import { expect, onTestFinished, test } from 'vitest';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { portOf } from '../../support/hostile-cloud.ts';
import { fixtureBytes, sendBytes } from '../../support/phone-http.ts';
import { address, startSite } from '../../support/provisioning.ts';

const host = 'usea.dm.sdg.teams.microsoft.com';
const day = 'Fri, 27 Nov 2026 00:00:00 GMT';
const next = `https://${host}/device/mmiiaacc/2/lang_en/`;

/** One of each vendor that is led, with the file that it has its account from. */
const phones = [
  {
    fixture: 'yealink-4-mac',
    mac: '00:15:65:aa:bb:01',
    body: `#!version:1.0.0.1\nstatic.auto_provision.server.url = ${next}\n`,
  },
  {
    fixture: 'poly-1-mac',
    mac: '00:04:f2:aa:bb:02',
    body: `<?xml version="1.0"?>\n<polycomConfig><a device.prov.serverName="${next}"/></polycomConfig>\n`,
  },
  {
    fixture: 'cisco-1-profile',
    mac: '00:56:2b:aa:bb:03',
    body: `<flat-profile><Profile_Rule>${next}</Profile_Rule></flat-profile>\n`,
  },
  {
    fixture: 'snom-2-mac',
    mac: '00:04:13:aa:bb:04',
    body: `<?xml version="1.0"?><settings><phone-settings><setting_server>${next}</setting_server></phone-settings></settings>\n`,
  },
  {
    fixture: 'audiocodes-2-mac',
    mac: '00:90:8f:aa:bb:05',
    body: `provisioning/configuration/url=${next}\n`,
  },
  {
    fixture: 'ale-2-mac',
    mac: '3c:28:a6:aa:bb:06',
    body: `<settings><setting id="DeviceProvisionServerUrl" value="${next}"/></settings>\n`,
  },
] as const;

/** A cloud that answers as conditions want it, and a phone that asks it by way of the box. */
async function open(
  state: { readonly body: string },
  { fixture, mac }: { readonly fixture: string; readonly mac: string },
) {
  const authority = await newCloudAuthority();
  const cloud = createHttps(await authority.certificateFor([host]), (request, response) => {
    const isKnown =
      request.headers['if-none-match'] === '"cloud"' || request.headers['if-modified-since'] === day;
    response.writeHead(isKnown ? 304 : 200, { ETag: '"cloud"', 'Last-Modified': day });
    response.end(isKnown ? undefined : state.body);
  });
  const httpsPort = await portOf(cloud.listen(0, address));
  onTestFinished(() => void cloud.close());
  const site = await startSite({
    toml: 'allow_cleartext = ["audiocodes", "ale"]',
    network: { httpsPort },
    extraCa: authority.ca,
  });
  onTestFinished(async () => site[Symbol.asyncDispose]());
  const ca = await (await fetch(`${site.url}/gatehouse-ca.pem`)).text();
  const isClear = /^(?:audiocodes|ale)/.test(fixture);
  const box = isClear ? site.url : `https://${address}:${site.part.httpsPort}`;
  const url = `${box}/${host}/device/mmiiaacc/1/lang_en/`;
  return async (conditions: Record<string, string> = {}) => {
    const lines = Object.entries(conditions).map(([name, value]) => `${name}: ${value}\r\n`);
    const bytes = fixtureBytes({ fixture, url, mac })
      .toString('latin1')
      .replace('\r\n', `\r\n${lines.join('')}`);
    return sendBytes(Buffer.from(bytes, 'latin1'), { url, ca });
  };
}

test.each(phones)(
  'a phone ($fixture) that knows what the cloud itself gave it takes what comes through the box',
  async (phone) => {
    const ask = await open(phone, phone);
    for (const conditions of [{ 'If-None-Match': '"cloud"' }, { 'If-Modified-Since': day }]) {
      const answer = await ask(conditions);
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toContain(address);
      expect(answer.headers.get('etag')).not.toBe('"cloud"');
      expect(answer.headers.has('last-modified')).toBe(false);
    }
  },
);

test.each(phones)(
  'a phone ($fixture) that has what comes through the box is told so, until that changes',
  async (phone) => {
    const state: { body: string } = { body: phone.body };
    const ask = await open(state, phone);
    const tag = (await ask()).headers.get('etag') ?? '';
    const known = await ask({ 'If-None-Match': tag, 'If-Modified-Since': day });
    expect(known).toMatchObject({ status: 304, body: Buffer.alloc(0) });
    expect(known.headers.get('etag')).toBe(tag);
    expect(known.headers.has('content-length')).toBe(false);
    state.body = phone.body.replace('/2/', '/3/');
    expect(await ask({ 'If-None-Match': tag })).toMatchObject({ status: 200 });
  },
);

test('what the box leaves as it is keeps the tag and the time of the cloud, and they count', async () => {
  const untouched = { body: 'personal_settings/language=GERMAN\n' };
  const ask = await open(untouched, { fixture: 'audiocodes-2-mac', mac: '00:90:8f:aa:bb:05' });
  const answer = await ask();
  expect([answer.headers.get('etag'), answer.headers.get('last-modified')]).toEqual(['"cloud"', day]);
  for (const conditions of [
    { 'If-None-Match': 'W/"cloud"' },
    { 'If-Modified-Since': day },
    { 'If-Modified-Since': 'Sat, 28 Nov 2026 00:00:00 GMT' },
  ]) {
    expect((await ask(conditions)).status).toBe(304);
  }
  for (const conditions of [
    { 'If-None-Match': '"other"', 'If-Modified-Since': day },
    { 'If-Modified-Since': 'Thu, 26 Nov 2026 00:00:00 GMT' },
    { 'If-Modified-Since': 'yesterday' },
  ]) {
    expect((await ask(conditions)).status).toBe(200);
  }
});
