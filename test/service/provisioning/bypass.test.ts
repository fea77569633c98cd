/** Phones that were led through the box and are handed back to the cloud, without a reset and without signing out. */
import { expect, test } from 'vitest';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { hostile, mac } from '../../support/hostile-cloud.ts';
import { fixtureBytes, sendBytes, sendFixture } from '../../support/phone-http.ts';
import { bootPhone, pollPhone, settlePhone, type PhoneState } from '../../support/phone-provisioning.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';
import { giveOrder } from '../../support/tasks.ts';
import { walks, type Walk } from '../../support/provisioning-walks.ts';

const user = '+4930123456';

/** The box's page has run before: its file for orders is there. */
async function openSite(): Promise<ProvisioningSite> {
  const directory = temporaryDirectory();
  await giveOrder(directory, 'lead', '*');
  return startSite({ directory });
}

function boot(site: ProvisioningSite, { vendor, mac, path }: Walk): Promise<PhoneState> {
  const { httpPort, httpsPort } = site.cloud;
  return bootPhone({
    vendor,
    mac,
    url: `${site.url}${path}`,
    trusted: site.cloudCa,
    names: { host: address, httpPort, httpsPort },
  });
}

async function signIn(site: ProvisioningSite, phone: PhoneState): Promise<void> {
  site.cloud.signIn(phone.mac, user);
  await pollPhone(phone);
  await pollPhone(phone);
}

const signedIn = { authName: `${user}@contoso.com` };
const direct = /^https:\/\/usea\.dm\.sdg\.teams\.microsoft\.com\/device\/mmiiaacc\//;

test.each(walks)(
  'a $vendor phone that is ordered back goes to the cloud by itself, signed in as before, and lives without the box',
  async (walk) => {
    await using site = await openSite();
    const phone = await boot(site, walk);
    await signIn(site, phone);
    expect(phone.outboundProxy).toMatchObject({ host: address });

    await giveOrder(site.directory, 'bypass', walk.mac);
    await pollPhone(phone);
    expect(phone).toMatchObject({ account: signedIn, url: expect.stringMatching(direct) as string });
    expect(phone.outboundProxy).toBeUndefined();
    expect(phone.registrar).toMatchObject({ host: 'mainsbc-emea.sdg.teams.microsoft.com' });
    expect(site.journal().filter(({ kind }) => kind === 'bypass_answered')).toHaveLength(1);

    await site.part[Symbol.asyncDispose]();
    await pollPhone(phone);
    expect(phone.account).toMatchObject(signedIn);
    expect(phone.asked.at(-1)?.url).toMatch(direct);
    expect(site.cloud.violations).toEqual([]);
  },
);

test.each(walks)('the order taken back, a restarted $vendor phone is led as before', async (walk) => {
  await using site = await openSite();
  const phone = await boot(site, walk);
  await signIn(site, phone);
  await giveOrder(site.directory, 'bypass', '*');
  await pollPhone(phone);
  await giveOrder(site.directory, 'lead', '*');

  // A restart: DHCP names the box again, everything else the phone has kept.
  phone.url = `${site.url}${walk.path}`.replaceAll('$PSN', '8841-3PCC');
  await settlePhone(phone);
  await pollPhone(phone);
  await pollPhone(phone);
  expect(phone.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/usea\.dm\.sdg\.teams\.microsoft\.com\/device\//);
  expect(phone).toMatchObject({ account: signedIn, outboundProxy: { host: address } });
  expect(site.cloud.violations).toEqual([]);
});

test.each(walks)(
  'a $vendor phone restarted while its lease still names the box is not led, and loses the box as outbound proxy',
  async (walk) => {
    await using site = await openSite();
    const phone = await boot(site, walk);
    await signIn(site, phone);
    await giveOrder(site.directory, 'bypass', walk.mac);
    phone.url = `${site.url}${walk.path}`.replaceAll('$PSN', '8841-3PCC');
    await settlePhone(phone);
    await pollPhone(phone);
    await pollPhone(phone);
    expect(phone).toMatchObject({ account: signedIn, url: expect.stringMatching(direct) as string });
    expect(phone.outboundProxy).toBeUndefined();
    expect(site.cloud.violations).toEqual([]);
  },
);

test('in an outage too a phone that is ordered back is given the addresses of the cloud', async () => {
  await using site = await openSite();
  const [walk] = walks;
  if (walk === undefined) throw new Error('no walk');
  const phone = await boot(site, walk);
  await signIn(site, phone);
  await site.cloud[Symbol.asyncDispose]();
  await giveOrder(site.directory, 'bypass', walk.mac);
  await pollPhone(phone);
  expect(phone).toMatchObject({ account: signedIn, url: expect.stringMatching(direct) as string });
  expect(phone.outboundProxy).toBeUndefined();
});

test('an order for one phone changes nothing for another', async () => {
  await using site = await openSite();
  const [one, other] = walks;
  if (one === undefined || other === undefined) throw new Error('no walks');
  const phone = await boot(site, other);
  await giveOrder(site.directory, 'bypass', one.mac);
  await pollPhone(phone);
  expect(phone.url).toContain(`https://${address}:`);
});

test('a phone that asks only for what has changed is given its own addresses back all the same', async () => {
  const body = '#!version:1.0.0.1\nlang.gui = German\n';
  await using run = await hostile((request, response) => {
    const isKnown = request.headers['if-none-match'] === '"x"' || request.headers['if-modified-since'];
    response.writeHead(isKnown ? 304 : 200, { ETag: '"x"' }).end(isKnown ? undefined : body);
  });
  const url = `https://${address}:${run.site.part.httpsPort}/`;
  const ca = await sendFixture({ fixture: 'yealink-ca', url: `${run.site.url}/gatehouse-ca.pem`, mac });
  let tag = '';
  const ask = async () => {
    const bytes = fixtureBytes({ fixture: 'yealink-4-mac', url, mac })
      .toString('latin1')
      .replace(
        '\r\n',
        `\r\nIf-None-Match: "x", ${tag}\r\nIf-Modified-Since: Fri, 27 Nov 2026 00:00:00 GMT\r\n`,
      );
    return await sendBytes(Buffer.from(bytes, 'latin1'), { url, ca: ca.body.toString() });
  };
  tag = (await ask()).headers.get('etag') ?? '';
  expect((await ask()).status).toBe(304);
  await giveOrder(run.site.directory, 'bypass', mac);
  const ofChanged = async () => {
    const given = await ask();
    return given.status === 200 ? given : undefined;
  };
  const answer = await until('the order to be seen', ofChanged, { timeoutMs: 10_000 });
  expect(answer.body.toString()).toContain('static.auto_provision.server.url');
});
