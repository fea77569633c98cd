/** Pages of the service for the phone's browser: by way of the box, as they are, to their own phone alone, never kept. */
import { createServer } from 'node:https';
import { expect, test } from 'vitest';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { portOf } from '../../support/hostile-cloud.ts';
import { sendBytes, sendFixture } from '../../support/phone-http.ts';
import { address, startSite } from '../../support/provisioning.ts';

const dm = 'usea.dm.sdg.teams.microsoft.com';
const mac = '00:04:f2:aa:bb:02';
const token = `${mac.replaceAll(':', '')}canary`;
const page = `/device/softkey.php/mmiiaacc/${token}/lang_en/`;
const folder = `/device/mmiiaacc/${token}/lang_en/`;
const browser = 'Microbrowser/1.1 (PolycomVVX-VVX_500-UA/5.9.7.4477)';

test("a Poly phone's soft keys lead through the box, and its browser gets the pages as they are", async () => {
  const authority = await newCloudAuthority();
  const asked: string[] = [];
  let isAway = false;
  const server = createServer(await authority.certificateFor([dm]), (request, response) => {
    const { url = '', headers } = request;
    if (isAway) {
      request.socket.destroy();
      return;
    }
    asked.push(`${url} ${headers['user-agent']}`);
    if (url.startsWith('/device/logout.php/'))
      response.writeHead(302, { Location: 'https://login.example/' }).end();
    else if (url === page) response.end(`<html><a href="https://${dm}/x">1</a></html>`);
    else response.end(`<PHONE_CONFIG><a softkey.1.action="https://${dm}${page}"/></PHONE_CONFIG>`);
  });
  const httpsPort = await portOf(server.listen(0, address));
  await using site = await startSite({ network: { httpsPort }, extraCa: authority.ca });
  const ca = (await sendFixture({ fixture: 'yealink-ca', url: `${site.url}/gatehouse-ca.pem`, mac })).body;
  const box = `https://${address}:${site.part.httpsPort}`;
  const trusted = { mac, ca: ca.toString() };
  const configured = await sendFixture({
    ...trusted,
    fixture: 'poly-3-config',
    url: `${box}/${dm}${folder}`,
    file: 'x.cfg',
  });
  expect(configured.body.toString()).toContain(`softkey.1.action="${box}/${dm}${page}"`);
  const open = async (path: string, from: string) =>
    sendBytes(Buffer.from(`GET /${dm}${path} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${browser}\r\n\r\n`), {
      url: box,
      ca: ca.toString(),
      from,
    });
  const shown = await open(page, '127.0.0.1');
  expect(shown.body.toString()).toBe(`<html><a href="https://${dm}/x">1</a></html>`);
  expect(asked.at(-1)).toBe(`${page} ${browser}`);
  const signedOut = await open(`/device/logout.php/mmiiaacc/${token}/lang_en/`, '127.0.0.1');
  expect([signedOut.status, signedOut.headers.get('location')]).toEqual([302, 'https://login.example/']);
  const requests = asked.length;
  const foreign = Buffer.from(
    `GET /${dm}${page} HTTP/1.1\r\nHost: x\r\nUser-Agent: FileTransport PolycomVVX-VVX_500-UA/5.9.7 (SN:0004f2aabb09)\r\n\r\n`,
  );
  expect((await sendBytes(foreign, { url: box, ca: ca.toString() })).status).toBe(403);
  expect(asked).toHaveLength(requests);
  isAway = true;
  expect((await open(page, '127.0.0.1')).status).toBe(503);
  server.close();
  server.closeAllConnections();
});
