/** What the box writes down of a phone's onboarding: its requests, and when it was onboarded and signed in. */
import { expect, test } from 'vitest';
import {
  readPhoneConfiguration,
  type PhoneConfiguration,
} from '../../../appliance/store/phone-configurations.ts';
import {
  mostPerPhone,
  prunePhoneRequests,
  readPhoneRequests,
  savePhoneRequests,
  type PhoneRequest,
} from '../../../appliance/store/phone-requests.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { lease } from '../../support/lease.ts';
import { sendFixture } from '../../support/phone-http.ts';
import { bootPhone, pollPhone } from '../../support/phone-provisioning.ts';
import { address, startSite, type ProvisioningSite } from '../../support/provisioning.ts';

const mac = '00:15:65:aa:bb:01';

/** Waits for the list to hold what is looked for: it is written once a second. */
async function requestsWith(
  { directory }: ProvisioningSite,
  isThere: (requests: readonly PhoneRequest[]) => boolean,
): Promise<PhoneRequest[]> {
  return await until(
    'the requests to be written',
    () => {
      using reader = openReader(directory, 'provisioning');
      const found = reader === undefined ? [] : readPhoneRequests(reader.db, mac);
      return isThere(found) ? found : undefined;
    },
    { timeoutMs: 20_000 },
  );
}

function configurationIn({ directory }: ProvisioningSite): PhoneConfiguration | undefined {
  using reader = openReader(directory, 'provisioning');
  return reader && readPhoneConfiguration(reader.db, mac);
}

test('each request of a phone is listed with stage, status and outcome, and no one-time path or password', async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  const rows = await requestsWith(site, (found) => found.some(({ stage }) => stage === 3));
  const told = rows.map(
    ({ stage, status, outcome, isSecure }) => `${stage} ${status} ${outcome} ${isSecure}`,
  );
  expect(told).toContain('0 200 overlay given false');
  expect(told).toContain('1 200 passed true');
  expect(told).toContain('2 200 passed true');
  expect(told).toContain('3 200 passed true');
  expect(rows.map(({ path }) => path)).toContain('/device/ob/…/lang_en/001565aabb01.cfg');
  const text = JSON.stringify(rows);
  const secrets = phone.asked.flatMap(({ url }) => url.match(/[0-9a-f]{24,}/g) ?? []);
  expect(secrets.length).toBeGreaterThan(1);
  for (const secret of [...secrets, phone.account?.password ?? '?']) expect(text).not.toContain(secret);
});

test('a phone is noted as onboarded by its one-time account, and as signed in by its final one', async () => {
  await using site = await startSite();
  const phone = await bootPhone({ vendor: 'yealink', mac, url: `${site.url}/` });
  const onboarded = configurationIn(site);
  expect(onboarded).toMatchObject({ account: 'onboarding', onboardedAt: expect.any(Number) });
  expect(onboarded?.signedInAt).toBeUndefined();
  site.cloud.signIn(mac, '+4930123456');
  await pollPhone(phone);
  expect(configurationIn(site)).toMatchObject({
    account: 'final',
    onboardedAt: onboarded?.onboardedAt,
    signedInAt: expect.any(Number),
    cloudSeenAt: expect.any(Number),
  });
  const kinds = site.journal().map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'onboarded' || kind === 'signed_in')).toEqual([
    'onboarded',
    'signed_in',
  ]);
});

test("who asks in a phone's name from elsewhere is one row of its list, whatever they ask for", async () => {
  const directory = temporaryDirectory();
  await lease(directory, '127.0.0.2', mac);
  await using site = await startSite({ directory });
  for (const file of ['a', 'b', 'c'])
    await sendFixture({ fixture: 'yealink-4-mac', url: `${site.url}/${file}/`, mac });
  const rows = await requestsWith(site, ([row]) => row?.count === 3);
  expect(rows).toMatchObject([{ path: '/…', status: 403, outcome: 'refused', ip: address }]);
});

const row = (at: number, of = mac): PhoneRequest => ({
  mac: of,
  path: `/${at}`,
  method: 'GET',
  isSecure: true,
  stage: 1,
  status: 404,
  outcome: 'not here',
  ip: address,
  firstAt: at,
  lastAt: at,
  count: 1,
});

test('what a phone asked for while the clock was years ahead does not crowd out what it asks for now', async () => {
  using store = openStore({ directory: temporaryDirectory(), part: 'provisioning', clock: systemClock });
  const ahead = 4 * 365 * 86_400_000;
  await store.write(({ db }) => {
    for (let at = 0; at < mostPerPhone; at += 1) savePhoneRequests(db, [row(ahead + at)]);
    savePhoneRequests(db, [row(1)]);
    savePhoneRequests(db, [row(2)]);
  });
  expect(readPhoneRequests(store.db, mac).map(({ path }) => path)).toEqual(['/2', '/1']);
});

test('a phone has a list of bounded length, the newest; and so have all phones together', async () => {
  using store = openStore({ directory: temporaryDirectory(), part: 'provisioning', clock: systemClock });
  await store.write(({ db }) => {
    savePhoneRequests(
      db,
      Array.from({ length: 100 }, (_, at) => row(at)),
    );
    savePhoneRequests(db, [row(50)]);
  });
  const kept = readPhoneRequests(store.db, mac);
  expect(kept).toHaveLength(mostPerPhone);
  expect(kept[0]?.path).toBe('/99');
  await store.write(({ db }) => {
    savePhoneRequests(
      db,
      Array.from({ length: 10 }, (_, at) => row(200 + at, '00:15:65:aa:bb:02')),
    );
    prunePhoneRequests(db, 10);
  });
  expect(readPhoneRequests(store.db, mac)).toEqual([]);
  expect(readPhoneRequests(store.db, '00:15:65:aa:bb:02')).toHaveLength(10);
});
