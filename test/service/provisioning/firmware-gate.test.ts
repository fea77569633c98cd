import { expect, test } from 'vitest';
import { readPhones } from '../../../appliance/store/phones.ts';
import { lease } from '../../support/lease.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { sendBytes } from '../../support/phone-http.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const mac = '00:15:65:aa:bb:01';
const file = '/001565aabb01.cfg';

async function ask(site: ProvisioningSite, userAgent: string, path = file) {
  const head = [`GET ${path} HTTP/1.1`, `Host: ${address}`, `User-Agent: ${userAgent}`, 'Connection: close'];
  return await sendBytes(Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), { url: site.url });
}

function phonesOf({ directory, config }: ProvisioningSite) {
  return readPhones(directory, Date.now(), config.site);
}

test('a phone below the minimum goes on by default, and is told with what to do', async () => {
  await using site = await startSite();
  expect((await ask(site, 'Yealink SIP-T46S 66.82.0.1 001565aabb01')).status).toBe(200);
  const [phone] = phonesOf(site);
  expect(phone).toMatchObject({ mac, model: 'T46S', firmware: '66.82.0.1', firmwareState: 'too old' });
  expect(phone?.problem).toContain("update it with Yealink's firmware 66.86.5.1");
  expect(phone?.problem).not.toContain('held');
  expect(site.journal()).toContainEqual(
    expect.objectContaining({
      kind: 'firmware_seen',
      mac,
      body: expect.stringContaining('too old') as string,
    }),
  );
});

test('on hold it keeps what it has, the cloud is not asked, and it goes on once it was updated', async () => {
  await using site = await startSite({ toml: 'below_minimum = "hold"' });
  const answer = await ask(site, 'Yealink SIP-T46S 66.82.0.1 001565aabb01');
  expect(answer.status).toBe(503);
  expect(answer.headers.get('retry-after')).toBe('60');
  expect(site.cloud.requests).toEqual([]);
  expect(site.part.counters()).toMatchObject({ requests_held: 1, overlays_given: 0 });
  expect(phonesOf(site)).toMatchObject([
    { mac, stage: 'seen', firmwareState: 'too old', problem: expect.stringContaining('held') as string },
  ]);
  expect((await ask(site, 'Yealink SIP-T46S 66.86.5.1 001565aabb01')).status).toBe(200);
  expect(phonesOf(site)).toMatchObject([{ mac, firmwareState: 'approved' }]);
  expect(phonesOf(site)[0]).not.toHaveProperty('problem');
});

test('a phone of unknown firmware is not held', async () => {
  await using site = await startSite({ toml: 'below_minimum = "hold"' });
  expect((await ask(site, 'Yealink SIP-T46S')).status).toBe(200);
  expect((await ask(site, 'Yealink SIP-T99X 1.2.0.1')).status).toBe(200);
});

test('what a request leaves out was said by one before', async () => {
  await using site = await startSite({ toml: 'below_minimum = "hold"' });
  expect((await ask(site, 'Yealink SIP-T46S 66.82.0.1 001565aabb01')).status).toBe(503);
  expect((await ask(site, 'Yealink SIP-T46S')).status).toBe(503);
  expect(phonesOf(site)).toMatchObject([{ firmware: '66.82.0.1' }]);
});

test("Cisco's enterprise firmware is recognised by the file that only it asks for", async () => {
  const directory = temporaryDirectory();
  await lease(directory, address, mac);
  await using site = await startSite({ directory, toml: 'below_minimum = "hold"' });
  expect((await ask(site, 'Cisco-CP8841/12.5.1', '/SEP001565AABB01.cnf.xml')).status).toBe(503);
  expect(site.cloud.requests).toEqual([]);
  expect(phonesOf(site)).toMatchObject([
    { model: '8841', firmwareState: 'convert first', problem: expect.stringContaining('MPP') as string },
  ]);
});
