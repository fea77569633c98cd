/**
 * The box comes into an office whose phones are signed in, and is taken out again. Phones have a way of their own to the cloud
 * all the time; nobody signs in anew, and the cloud mints nothing more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepareBox, type Box } from '../office/box.ts';
import { openCall } from '../office/calls.ts';
import { startCloud, type OfficeCloud } from '../office/cloud.ts';
import { buildNetwork, hosts, openWayRound, plan, type Network } from '../office/network.ts';
import { installPhone, type OfficePhone } from '../office/phone.ts';
import { directKinds, phoneKinds } from '../office/phone-kinds.ts';
import { until, type Running } from '../support/command.ts';
import { startForeignDhcp } from '../support/foreign-dhcp.ts';
import { openLab } from '../support/namespaces.ts';

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let network: Network;
let cloud: OfficeCloud;
let box: Box;
const phones: OfficePhone[] = [];
let dhcp: Running;

/** The office's own server, which names the cloud to phones, and takes on leases that it doesn't know. */
const ownDhcp = [
  'dhcp-authoritative',
  `dhcp-option=option:router,${plan.gateway}`,
  `dhcp-option=option:dns-server,${plan.dns}`,
  'dhcp-vendorclass=set:cisco,CP-',
  `dhcp-option-force=tag:!cisco,66,"http://${hosts.firstStage}"`,
  `dhcp-option-force=tag:!cisco,160,"http://${hosts.firstStage}"`,
  `dhcp-option-force=tag:cisco,160,"http://${hosts.firstStage}/$PSN.xml"`,
  '',
].join('\n');

async function startOwnDhcp(name: string): Promise<Running> {
  const site = { namespace: network.wan.namespace, directory: join(network.lab.directory, name) };
  return opened.use(await startForeignDhcp('dnsmasq', site, ownDhcp));
}

beforeAll(async () => {
  const lab = opened.use(openLab());
  network = opened.use(await buildNetwork(lab));
  await openWayRound(network);
  cloud = opened.use(await startCloud(network));
  const settings = { cloudCaFile: cloud.caFile, cloudToken: cloud.token };
  const ways = `routers = ["${plan.gateway}"]\ndns_servers = ["${plan.dns}"]\n`;
  // The lease of a phone that is handed back names the cloud from half of it on.
  box = opened.use(prepareBox(network, { ...settings, dhcp: ways, leaseSeconds: 24 }));
  dhcp = await startOwnDhcp('before');
  const { signIn } = cloud;
  const trusted = readFileSync(cloud.caFile, 'latin1');
  for (const [at, kind] of [...phoneKinds, ...directKinds].entries())
    phones.push(
      opened.use(await installPhone(kind, { network, number: at + 1, port: at + 1, signIn, trusted })),
    );
});

afterAll(() => opened.disposeAsync());

/** By the registrar's word: each of them has registered since, and where its contact is. */
async function untilRegistered(who: readonly OfficePhone[], since: number, contact: RegExp): Promise<void> {
  const { seen } = cloud.kamailio;
  const isThere = ({ user }: OfficePhone) =>
    seen
      .slice(since)
      .some((one) => one.what === 'registered' && one.fromUser === user && contact.test(one.contact));
  await until(
    `each phone to be registered with a contact like ${contact.source}`,
    () => who.every(isThere) || undefined,
    { timeoutMs: 90_000, lastSeen: () => JSON.stringify(seen.at(-1)) },
  );
}

const isDirect = ({ kind }: OfficePhone) => directKinds.includes(kind);

/** A phone's own address, which the registrar sees when nobody stands between. */
const itself = /@10\.66\.0\.1\d\d\b/;
const throughBox = /^(?!.*@10\.66\.0\.1\d\d\b)/;

interface Leaving {
  readonly phones: readonly { readonly leaving: string }[];
}

async function expectNothingMinted(): Promise<void> {
  const { provisioning } = await cloud.report();
  // Its first account and its last one.
  expect(provisioning.accounts).toHaveLength(2 * phones.length);
  expect(provisioning.violations).toEqual([]);
}

test('without a box each phone signs in with the cloud by itself', async () => {
  for (const phone of phones) phone.powerOn();
  for (const phone of phones) await phone.reach('registered', 60_000);
  await untilRegistered(phones, 0, itself);
  await expectNothingMinted();
});

test('with the box installed each phone comes to it at its next restart, with the account that it has', async () => {
  await dhcp[Symbol.asyncDispose]();
  await box.start();
  const macs = phones.map(({ kind }) => kind.mac);
  expect(await box.cli(`adopt plan 1 ${macs.join(' ')}`)).toMatchObject({ ok: true });
  expect(await box.cli('adopt start 1')).toMatchObject({ ok: true });
  const since = cloud.kamailio.seen.length;
  for (const phone of phones) await phone.powerOff();
  for (const phone of phones) phone.powerOn();
  for (const phone of phones) await phone.reach('registered', 90_000);
  await untilRegistered(
    phones.filter((phone) => !isDirect(phone)),
    since,
    throughBox,
  );
  await untilRegistered(phones.filter(isDirect), since, itself);
  const list = await box.cli('adopt');
  const states = phones.map((phone) => ({ mac: phone.kind.mac, state: isDirect(phone) ? 'direct' : 'led' }));
  expect(list).toMatchObject({ phones: states.toSorted((a, b) => a.mac.localeCompare(b.mac)) });
  await expectNothingMinted();
}, 240_000);

test('handed back by "bypass all" and the box taken out, each phone stays registered and keeps its account', async () => {
  await box.cli('bypass all');
  const since = cloud.kamailio.seen.length;
  for (const phone of phones) {
    const { outboundProxy, url, account } = await phone.resync();
    expect({ outboundProxy, url, user: account?.user }).toEqual({
      outboundProxy: undefined,
      url: expect.stringMatching(/^https:\/\/usea\.dm\.sdg\.teams\.microsoft\.com\//) as string,
      user: phone.user,
    });
  }
  await untilRegistered(phones.slice(0, phoneKinds.length), since, itself);
  let seenToLeave: Leaving = { phones: [] };
  await until(
    'the box to say that nothing leads phones to it any more',
    async () => {
      seenToLeave = (await box.cli('bypass')) as Leaving;
      return seenToLeave.phones.every(({ leaving }) => /^(?:told|left)$/.test(leaving)) || undefined;
    },
    { timeoutMs: 60_000, everyMs: 1000, lastSeen: () => JSON.stringify(seenToLeave) },
  );
  expect(seenToLeave.phones).toHaveLength(phones.length);
  await box.killHard();
  dhcp = await startOwnDhcp('after');
  // The registrar finds each of them, and each still has its way to its configuration.
  for (const phone of phones) {
    const call = await openCall(cloud, phone, 'inbound');
    await call.hangUp('callee');
    expect((await phone.resync()).account?.user).toBe(phone.user);
  }
  const [first] = phones;
  await first?.powerOff();
  first?.powerOn();
  await first?.reach('registered', 90_000);
  await expectNothingMinted();
}, 240_000);
