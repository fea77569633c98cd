import { expect, test } from 'vitest';
import { hostile, mac } from '../../support/hostile-cloud.ts';
import { fixtureBytes, sendBytes, sendFixture } from '../../support/phone-http.ts';
import { address } from '../../support/provisioning.ts';

const header = '#!version:1.0.0.1\n';
const takeover = `${header}static.security.user_password = admin:canary\nlang.gui = German\n`;

test.each([201, 202, 203, 226])(
  'an answer with status %i is read like any other: a phone may take it',
  async (status) => {
    await using run = await hostile((_, response) => response.writeHead(status).end(takeover));
    const answer = await run.ask();
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toContain('lang.gui = German');
    expect(answer.body.toString()).not.toContain('canary');
  },
);

test('a configuration that says it is a page is read all the same', async () => {
  await using run = await hostile((_, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end(`<html>\n${takeover}`),
  );
  expect((await run.ask()).body.toString()).not.toContain('canary');
});

test('half a configuration can not be read and does not pass, and the cloud is never asked for one', async () => {
  await using run = await hostile((_, response) =>
    response.writeHead(206, { 'Content-Range': 'bytes 20-90/91' }).end(takeover),
  );
  const ca = await sendFixture({ fixture: 'yealink-ca', url: `${run.site.url}/gatehouse-ca.pem`, mac });
  const url = `https://${address}:${run.site.part.httpsPort}/`;
  const bytes = fixtureBytes({ fixture: 'yealink-4-mac', url, mac })
    .toString('latin1')
    .replace('\r\n', '\r\nRange: bytes=20-\r\nIf-Range: "x"\r\n');
  const answer = await sendBytes(Buffer.from(bytes, 'latin1'), { url, ca: ca.body.toString() });
  expect(answer.status).toBe(502);
  expect(answer.body).toHaveLength(0);
  expect(run.asked[0]?.headers).not.toHaveProperty('range');
  expect(run.asked[0]?.headers).not.toHaveProperty('if-range');
});

test('what looks like a template in an answer of the cloud is text, and stays as it is', async () => {
  const code = 'phone_setting.x = {{ address }}{% for i in (1..9) %}{{ ca_pem }}{% endfor %}\n';
  await using run = await hostile((_, response) => response.end(`${header}${code}`));
  expect((await run.ask()).body.toString()).toContain(code);
});
