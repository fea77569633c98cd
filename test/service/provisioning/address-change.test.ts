/** The box gets another address while its phones are in use. */
import { expect, test } from 'vitest';
import { readPhoneConfiguration } from '../../../appliance/store/phone-configurations.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone, pollPhone, settlePhone, type PhoneState } from '../../support/phone-provisioning.ts';
import { startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const before = '127.0.0.1';
const after = '127.0.0.2';
const phones = [
  { vendor: 'yealink', mac: '00:15:65:aa:bb:01', path: '/' },
  { vendor: 'poly', mac: '00:04:f2:aa:bb:02', path: '/' },
  { vendor: 'cisco', mac: '00:56:2b:aa:bb:03', path: '/$PSN.xml' },
  { vendor: 'snom', mac: '00:04:13:aa:bb:04', path: '/' },
] as const;

interface Moved extends AsyncDisposable {
  readonly old: ProvisioningSite;
  readonly site: ProvisioningSite;
  readonly booted: readonly PhoneState[];
}

/** Phones that were led through the box at its first address, and the box at its second one, before the same cloud. */
async function moved(formerAddresses: readonly string[]): Promise<Moved> {
  const old = await startSite();
  const booted: PhoneState[] = [];
  for (const { vendor, mac, path } of phones)
    booted.push(await bootPhone({ vendor, mac, url: `${old.url}${path}` }));
  const { httpPort, httpsPort } = old.part;
  await old.part[Symbol.asyncDispose]();
  const site = await startSite({
    directory: old.directory,
    ports: { httpPort, httpsPort },
    network: { httpPort: old.cloud.httpPort, httpsPort: old.cloud.httpsPort },
    extraCa: old.cloudCa,
    boxAddress: after,
    formerAddresses,
  });
  return {
    old,
    site,
    booted,
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]();
      await old.cloud[Symbol.asyncDispose]();
    },
  };
}

function seenAt({ directory }: ProvisioningSite): (string | undefined)[] {
  using reader = openReader(directory, 'provisioning');
  return phones.map(({ mac }) => reader && readPhoneConfiguration(reader.db, mac)?.boxAddress);
}

test('phones that were told the old address are served there, and led to the new one without a reset', async () => {
  await using run = await moved([before]);
  const { old, site, booted } = run;
  expect(seenAt(site)).toEqual(phones.map(() => before));
  const accounts = booted.map(({ account }) => account);
  for (const phone of booted) {
    expect(phone.outboundProxy).toMatchObject({ host: before });
    await pollPhone(phone);
    expect(phone.url).toMatch(new RegExp(`^https://${after}:`));
    expect(phone.outboundProxy).toMatchObject({ host: after });
  }
  expect(seenAt(site)).toEqual(phones.map(() => before));
  for (const phone of booted) await settlePhone(phone);
  expect(seenAt(site)).toEqual(phones.map(() => after));
  expect(booted.map(({ account }) => account)).toEqual(accounts);
  expect(old.cloud.violations).toEqual([]);
  expect(site.part.health()).toEqual({ state: 'ok' });
});

test('a phone that starts at the old address gets the authority of that address, and the way to the new one', async () => {
  await using run = await moved([before]);
  const { site, booted } = run;
  const [yealink] = booted;
  const { mac } = phones[0];
  const oldUrl = `http://${before}:${site.part.httpPort}`;
  const ca = await sendFixture({ fixture: 'yealink-ca', url: `${oldUrl}/gatehouse-ca.pem`, mac });
  const again = await sendFixture({
    fixture: 'yealink-4-mac',
    url: yealink?.url ?? '',
    mac,
    ca: ca.body.toString(),
  });
  expect(again.status).toBe(200);
  const fresh = await bootPhone({ vendor: 'yealink', mac: '00:15:65:aa:bb:09', url: `${oldUrl}/` });
  expect(fresh.url).toMatch(new RegExp(`^https://${after}:`));
  expect(fresh.account).toBeDefined();
});

test.each([
  ['is not named', []],
  ['is not on the card any more', ['192.0.2.99']],
])(
  'an old address that %s is no reason not to start, and the box says which phones ask there',
  async (_, former) => {
    await using run = await moved(former);
    expect(run.site.part.health()).toEqual({
      state: 'degraded',
      reason: expect.stringMatching(
        /^4 phones were told 127\.0\.0\.1, where this box does not answer/,
      ) as string,
    });
  },
);
