import { createServer as createTcp, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import type { PhoneVendor } from '../../support/phone-configuration.ts';
import { hostile, mac, portOf } from '../../support/hostile-cloud.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone, pollPhone } from '../../support/phone-provisioning.ts';
import { address, startSite } from '../../support/provisioning.ts';

interface Order {
  readonly vendor: PhoneVendor;
  readonly mac: string;
  readonly path: string;
  /** What it is told for each file: 404 is an everyday step, a 5xx makes it keep what it has and come again. */
  readonly told: readonly number[];
}

const orders: readonly Order[] = [
  { vendor: 'yealink', mac, path: '/', told: [404, 404, 404, 503] },
  { vendor: 'poly', mac: '00:04:f2:aa:bb:02', path: '/', told: [404, 503] },
  { vendor: 'cisco', mac: '00:56:2b:aa:bb:03', path: '/$PSN.xml', told: [503] },
  { vendor: 'snom', mac: '00:04:13:aa:bb:04', path: '/', told: [404, 503] },
  { vendor: 'audiocodes', mac: '00:90:8f:aa:bb:05', path: '/', told: [404, 503] },
  { vendor: 'ale', mac: '3c:28:a6:aa:bb:06', path: '/', told: [404, 503] },
];

test.each(orders)(
  'a $vendor phone that starts in an outage, the box too, is told what makes it keep its flash',
  async ({ vendor, mac: own, path, told }) => {
    await using site = await startSite();
    await site.cloud[Symbol.asyncDispose]();
    const phone = await bootPhone({ vendor, mac: own, url: `${site.url}${path}` });
    expect(phone.asked.map(({ status }) => status)).toEqual(told);
    expect(phone.account).toBeUndefined();
    expect(site.journal().map(({ kind }) => kind)).not.toContain('overlay_given');
  },
);

test.each([
  { vendor: 'yealink', own: 'yealink-4-mac', path: '/', missing: 3 },
  { vendor: 'poly', own: 'poly-2-master', path: '/', missing: 1 },
  { vendor: 'snom', own: 'snom-2-mac', path: '/', missing: 1 },
] as const)(
  'in an outage the files that a $vendor phone does without are missing as on any day, so that it asks for its own',
  async ({ vendor, own, path, missing }) => {
    await using site = await startSite();
    const phone = await bootPhone({ vendor, mac, url: `${site.url}${path}` });
    await pollPhone(phone);
    await site.cloud[Symbol.asyncDispose]();
    const begin = phone.asked.length;
    await pollPhone(phone);
    const asked = phone.asked.slice(begin);
    expect(asked.slice(0, missing).map(({ status }) => status)).toEqual(
      Array.from({ length: missing }, () => 404),
    );
    expect(asked[missing]).toMatchObject({ fixture: own, status: 200 });
  },
);

test('one failed request is no outage: while the cloud takes connections nothing is served from the store', async () => {
  const server = createTcp((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.destroy());
  });
  const httpPort = await portOf(server.listen(0, address));
  await using site = await startSite({ network: { httpPort }, toml: 'allow_cleartext = ["audiocodes"]' });
  const url = `${site.url}/`;
  const answer = await sendFixture({ fixture: 'audiocodes-2-mac', url, mac: '00:90:8f:aa:bb:05' });
  expect(answer.status).toBe(503);
  expect(site.journal().map(({ kind }) => kind)).toContain('upstream_failed');
  expect(site.journal().map(({ kind }) => kind)).not.toContain('outage_began');
  expect(site.part.health()).toEqual({ state: 'ok' });
  server.close();
});

test('in an outage a cloned MAC, even from the address of the phone, gets no body with credentials', async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  await pollPhone(phone);
  await site.cloud[Symbol.asyncDispose]();
  await sendFixture({ fixture: 'yealink-4-mac', url: phone.url, mac, ca: phone.trusted });
  expect(site.journal().map(({ kind }) => kind)).toContain('outage_began');
  const secure = `https://${address}:${site.part.httpsPort}`;
  const guesses = [
    `${site.url}/`,
    `${secure}/`,
    `${secure}/usea.dm.sdg.teams.microsoft.com/`,
    `${secure}/usea.dm.sdg.teams.microsoft.com/device/mmiiaacc/${mac.replaceAll(':', '')}/lang_en/`,
    `${secure}/usea.dm.sdg.teams.microsoft.com/device/state/OnBoarding/mmiiaacc/${mac.replaceAll(':', '')}00/lang_en/`,
  ];
  for (const url of guesses) {
    for (const fixture of ['yealink-1-boot', 'yealink-3-common', 'yealink-4-mac']) {
      const answer = await sendFixture({ fixture, url, mac, ca: phone.trusted });
      expect(answer.status).not.toBe(200);
      expect(answer.body).toHaveLength(0);
    }
  }
});

test('when the settings say that the cloud is away, phones get what was kept and nobody is asked', async () => {
  const site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  const { httpPort, httpsPort } = site.part;
  await site[Symbol.asyncDispose]();
  await using forced = await startSite({
    directory: site.directory,
    toml: `kept_answers_only = true`,
    ports: { httpPort, httpsPort },
  });
  const kept = await sendFixture({ fixture: 'yealink-4-mac', url: phone.url, mac, ca: phone.trusted });
  expect(kept.status).toBe(200);
  expect(kept.body.toString()).toContain(phone.account?.password);
  expect(forced.cloud.requests).toEqual([]);
  expect(forced.part.health()).toMatchObject({ state: 'degraded' });
});

test('a cloud that drips bytes keeps the phone waiting no longer than allowed, and others are served meanwhile', async () => {
  const timers = new Set<NodeJS.Timeout>();
  const raw = (socket: Socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 50);
    timers.add(drip);
    socket.once('close', () => clearInterval(drip));
  };
  await using run = await hostile({ raw }, { upstreamTimeoutSeconds: 4 });
  let isAnswered = false;
  const slow = run.ask().then((answer) => {
    isAnswered = true;
    return answer;
  });
  const other = await sendFixture({
    fixture: 'yealink-4-mac',
    url: `${run.site.url}/`,
    mac: '00:15:65:aa:bb:09',
    from: '127.0.0.9',
  });
  expect(other.status).toBe(200);
  expect(isAnswered).toBe(false);
  expect((await slow).status).toBe(503);
  for (const timer of timers) clearInterval(timer);
});
