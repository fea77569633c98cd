import { createServer as createHttps } from 'node:https';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { hostile, mac, portOf } from '../../support/hostile-cloud.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const dm = 'usea.dm.sdg.teams.microsoft.com';
const header = '#!version:1.0.0.1\n';

function kinds(site: ProvisioningSite): string[] {
  return site.journal().map(({ kind }) => kind);
}

test('a redirect is not followed: one to an allowed host is led through the box', async () => {
  await using run = await hostile((_, response) =>
    response.writeHead(302, { Location: `https://${dm}/device/ob/1/` }).end(),
  );
  const answer = await run.ask();
  expect(answer.status).toBe(302);
  expect(answer.headers.get('location')).toBe(
    `https://${address}:${run.site.part.httpsPort}/${dm}/device/ob/1/`,
  );
  expect(run.asked).toHaveLength(1);
});

test.each([
  'http://evil.example/',
  `https://${dm}.evil.example/`,
  '//evil.example/',
  `https://x@${dm}/`,
  'ftp://evil.example/x',
])('a redirect to %s does not reach the phone', async (location) => {
  await using run = await hostile((_, response) => response.writeHead(301, { Location: location }).end());
  const answer = await run.ask();
  expect(answer.status).toBe(502);
  expect(answer.headers.has('location')).toBe(false);
  expect(kinds(run.site)).toContain('answer_refused');
});

test('a body without end is cut off, and the box stays small', async () => {
  let sent = 0;
  await using run = await hostile((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) sent += 65_536;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  expect((await run.ask()).status).toBe(502);
  expect(sent).toBeLessThan(16_000_000);
  expect((await run.ask()).status).toBe(502);
});

test('gzip that nobody asked for is undone', async () => {
  await using run = await hostile((_, response) => {
    response
      .writeHead(200, { 'Content-Encoding': 'gzip', 'X-Kept': '1' })
      .end(gzipSync(`${header}lang.gui = German\n`));
  });
  const answer = await run.ask();
  expect(answer.status).toBe(200);
  expect(answer.body.toString()).toContain('lang.gui = German');
  expect(answer.headers.has('content-encoding')).toBe(false);
  expect(answer.headers.get('x-kept')).toBe('1');
});

test.each([
  ['a bomb', { 'Content-Encoding': 'gzip' }, gzipSync(Buffer.alloc(50_000_000))],
  ['broken gzip', { 'Content-Encoding': 'gzip' }, Buffer.from('nothing packed')],
  ['brotli', { 'Content-Encoding': 'br' }, brotliCompressSync(header)],
  ['gzip twice', { 'Content-Encoding': 'gzip, gzip' }, gzipSync(gzipSync(header))],
])('%s is refused', async (_, headers, body) => {
  await using run = await hostile((_request, response) => response.writeHead(200, headers).end(body));
  expect((await run.ask()).status).toBe(502);
  expect(kinds(run.site)).toContain('answer_refused');
});

test.each([
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n', 502],
  ['an answer cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc', 503],
  ['an endless header', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(100_000)}`, 502],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde', 502],
  ['a hang-up', '', 503],
])('%s never reaches the phone', async (_, bytes, status) => {
  await using run = await hostile({
    raw: (socket) => socket.once('data', () => socket.end(bytes, 'latin1')),
  });
  expect((await run.ask()).status).toBe(status);
  expect(run.site.part.counters().errors).toBe(0);
});

test('a cloud that says nothing keeps the phone waiting no longer than allowed', async () => {
  await using run = await hostile({ raw: () => undefined }, { upstreamTimeoutSeconds: 2 });
  const answer = await run.ask();
  expect(answer.status).toBe(503);
});

test('a body that the box cannot read does not reach the phone', async () => {
  await using run = await hostile((_, response) => response.end(`${header}a = \0b\n`));
  expect((await run.ask()).status).toBe(502);
  expect(kinds(run.site)).toContain('answer_refused');
});

test('settings that would take the phone over are dropped, told, and the rest arrives', async () => {
  await using run = await hostile((_, response) => {
    response.end(
      `${header}static.security.user_password = admin:canary-1\nstatic.auto_provision.server.url = https://evil.example/canary-2/\nlang.gui = German\n`,
    );
  });
  const text = (await run.ask()).body.toString();
  expect(text).toContain('lang.gui = German');
  expect(text).not.toMatch(/canary|evil/);
  const rows = run.site.journal().filter(({ kind }) => kind === 'setting_dropped');
  expect(rows.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    {
      vendor: 'yealink',
      key: 'static.security.user_password',
      reason: 'admin password',
      host: 'emea.ipp.sdg.teams.microsoft.com',
    },
    {
      vendor: 'yealink',
      key: 'static.auto_provision.server.url',
      reason: 'provisioning host "evil.example" is not allowed',
      host: 'emea.ipp.sdg.teams.microsoft.com',
    },
  ]);
  expect(run.site.log()).not.toContain('canary');
});

test('a server with a certificate for another name, or from nobody known, is not asked', async () => {
  const known = await newCloudAuthority();
  const cases = [
    { authority: known, reason: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    { authority: await newCloudAuthority(), reason: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  ];
  for (const { authority, reason } of cases) {
    const asked: string[] = [];
    const server = createHttps(await authority.certificateFor(['evil.example']), (request, response) => {
      asked.push(request.url ?? '');
      response.end(header);
    });
    const httpsPort = await portOf(server.listen(0, address));
    {
      await using site = await startSite({ network: { httpsPort }, extraCa: known.ca });
      const ca = await sendFixture({ fixture: 'yealink-ca', url: `${site.url}/gatehouse-ca.pem`, mac });
      const url = `https://${address}:${site.part.httpsPort}/${dm}/device/ob/1/`;
      const answer = await sendFixture({ fixture: 'yealink-4-mac', url, mac, ca: ca.body.toString() });
      expect(answer.status).toBe(503);
      expect(site.log()).toContain(reason);
      expect(site.part.health()).toEqual({
        state: 'degraded',
        reason: `${dm} is untrusted; phones keep their configuration`,
      });
    }
    expect(asked).toEqual([]);
    server.close();
  }
});
