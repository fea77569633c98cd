/**
 * Settings that somebody brings: cloud-init's volume to a new box, sticks to one that is configured. All of it as a phone, the page and the
 * screen show it; the shell is only asked when the box is through with a stick.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { monitored, openMonitor } from '../monitor.ts';
import { pageUrl, phonesAddress, settings } from '../site.ts';
import { usbSocket } from '../stick.ts';
import {
  administrator,
  askForLease,
  authority,
  bootMs,
  bringStick,
  fileIn,
  hasNoLease,
  isThroughWithSticks,
  machineOf,
  onScreen,
  openAround,
  pageAnswers,
  password,
  setUp,
  turnOn,
  waiting,
  type Around,
} from './around.ts';
import type { Admin } from './admin.ts';
import { manyFiles, newSiteKey, noCloudDrive, signature, stickWith, type Offer } from './offers.ts';

const siteName = 'Haus am See 4711';
const siteKey = newSiteKey();
const foreign = newSiteKey();

const settingsOf = (serial: number, ofDhcp = '') =>
  `[box]\nsettings_key = "${siteKey.settingsKey}"\nsettings_serial = ${serial}\n` +
  settings.replace('[site]\n', `[site]\nname = "${siteName}"\n`).replace('[dhcp]\n', `[dhcp]\n${ofDhcp}`);

let around: Around;
let admin: Admin;
/** What a phone knows of the box. */
let served: { readonly ip: string; readonly authority: string };

beforeAll(async () => {
  around = await openAround();
  const block = settingsOf(1).replace(/^(?=.)/gm, '      ');
  const userData = `#cloud-config\nwrite_files:\n  - path: /etc/gatehouse/gatehouse.toml\n    content: |\n${block}`;
  const volume = noCloudDrive(fileIn(around, 'volume.iso'), userData);
  await turnOn(around, { hardware: [...volume, ...usbSocket, ...monitored(around.box.directory)] });
  admin = administrator(around, pageUrl, 'admin');
}, 60_000);

afterAll(async () => await around?.[Symbol.asyncDispose]());

it(
  'a box that nobody has configured takes its settings from cloud-init’s volume, and serves a phone by them',
  { timeout: bootMs },
  async () => {
    const { ip, ntpServers } = await askForLease(around);
    expect(ip).toMatch(/^10\.66\.\d\.\d+$/);
    expect(ntpServers).toEqual([phonesAddress]);
    served = { ip, authority: (await authority(around)).fingerprint256 };
    expect(await pageAnswers(around, admin)).toMatchObject({ hasSettings: true, wants: 'set-up' });
  },
);

it(
  'whoever stands before its screen makes it his with the code there, once',
  { timeout: bootMs },
  async () => {
    expect((await admin.post('/api/setup', { code: 'AAAA-AAAA', password })).status).toBe(403);
    const code = await onScreen(around, 'Set-up code');
    await setUp(around, admin);
    expect((await admin.get('/api/access')).body).toMatchObject({ signedIn: true, site: siteName });
    const stranger = administrator(around, pageUrl, 'stranger');
    expect((await stranger.post('/api/setup', { code, password: 'a stranger’s own one' })).status).toBe(409);
  },
);

const newer = settingsOf(2, 'ntp_servers = ["10.66.0.123"]\n');
const signed = (toml: string, key = siteKey): Offer => ({
  'gatehouse.toml': toml,
  'gatehouse.toml.sig': signature(key, 'settings', toml),
});
const otherBox = `${'0'.repeat(32)}\n`;

it.each<[string, Offer, RegExp]>([
  ['settings that nobody has signed', { 'gatehouse.toml': newer }, /not signed/],
  ['settings that another site has signed', signed(newer, foreign), /not of this site's key/],
  [
    'settings that were changed after they were signed',
    { ...signed(newer), 'gatehouse.toml': `${newer}\n` },
    /not of this site's key/,
  ],
  ['settings of before, signed', signed(settingsOf(1, 'ntp_servers = ["10.66.0.99"]\n')), /older settings/],
  ['signed settings with a mistake', signed(settingsOf(3, 'lease_seconds = "soon"\n')), /lease_seconds/],
  ['settings without end', { 'gatehouse.toml': newer + '# more\n'.repeat(100_000) }, /has more than/],
  ['an order to reset that nobody has signed', { 'gatehouse-reset': otherBox }, /not signed/],
  [
    'a signed order to reset another box',
    { 'gatehouse-reset': otherBox, 'gatehouse-reset.sig': signature(siteKey, 'reset', otherBox) },
    /for another box/,
  ],
])(
  'a stick with %s does nothing to a configured box but tell why',
  { timeout: bootMs },
  async (name, offer, told) => {
    const stick = stickWith(fileIn(around, `${name}.stick`), offer);
    expect(await bringStick(around, admin, stick)).toMatchObject({
      state: 'refused',
      words: expect.stringMatching(told),
    });
    const isShown = async () => told.test(await onScreen(around, 'Stick')) || undefined;
    await until('the reason on the screen', isShown, waiting(around));
    expect(await askForLease(around)).toMatchObject({ ip: served.ip, ntpServers: [phonesAddress] });
  },
);

it(
  'one with ten thousand files, with folders for files, or with a broken file system does nothing',
  { timeout: bootMs },
  async () => {
    const done = async () => (await admin.outcomes()).filter(({ state }) => state === 'done');
    const before = await done();
    const folders = ['gatehouse.toml', 'gatehouse-reset', 'gatehouse.toml.sig'].map((name) =>
      manyFiles(fileIn(around, `folders/${name}`), 3),
    );
    const crowded = stickWith(fileIn(around, 'crowded.stick'), {}, [
      manyFiles(fileIn(around, 'many'), 10_000),
      ...folders,
    ]);
    await bringStick(around, admin, crowded);
    // Its tables lead everywhere; what says how large they are is whole.
    const broken = readFileSync(crowded);
    broken.fill(0xa5, 16 * 1024, 4 * 1024 * 1024);
    writeFileSync(fileIn(around, 'broken.stick'), broken);
    await bringStick(around, admin, fileIn(around, 'broken.stick'));
    expect(await done()).toEqual(before);
    expect(await askForLease(around)).toMatchObject({ ip: served.ip, ntpServers: [phonesAddress] });
  },
);

it(
  'one that its site has signed changes what phones are told, and nothing of who the box is',
  { timeout: bootMs },
  async () => {
    using monitor = await openMonitor(around.box.directory);
    await monitor.plugIn('stick', stickWith(fileIn(around, 'signed.stick'), signed(newer)));
    const isTold = async () => (await askForLease(around)).ntpServers[0] === '10.66.0.123' || undefined;
    await until('a phone that is told of the other time server', isTold, waiting(around));
    await isThroughWithSticks(around);
    await monitor.pullOut('stick');
    expect((await authority(around)).fingerprint256).toBe(served.authority);
    await pageAnswers(around, admin);
    expect((await admin.outcomes())[0]).toMatchObject({ kind: 'settings.offered', state: 'done' });
  },
);

it('one with an order for this very box, signed, makes it a new one', { timeout: 2 * bootMs }, async () => {
  const machineId = await onScreen(around, 'Machine id');
  using monitor = await openMonitor(around.box.directory);
  // It would take its settings again.
  await monitor.eject('cd');
  const from = machineOf(around).console().length;
  const order = `${machineId}\n`;
  const offer = { 'gatehouse-reset': order, 'gatehouse-reset.sig': signature(siteKey, 'reset', order) };
  await monitor.plugIn('stick', stickWith(fileIn(around, 'reset.stick'), offer));
  machineOf(around).forgetShell();
  const isNew = async () => (await onScreen(around, 'Machine id', from)) !== machineId || undefined;
  await until('another machine id on the screen', isNew, waiting(around));
  expect(await onScreen(around, 'Set-up code', from)).toMatch(/^\S+$/);
  expect(await hasNoLease(around)).toBe(true);
  await machineOf(around).powerOff();
});
