import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFirmwareOffers } from '../../../appliance/store/firmware-offers.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { get, putFirmware, startFirmwareSite } from '../../support/firmware-folder.ts';
import type { ProvisioningSite } from '../../support/provisioning.ts';

const name = 'yealink/T46S/66.86.5.1/T46S-66.86.5.1.rom';

/** The configuration that the nth Yealink gets in clear, when it runs this. */
async function configure(site: ProvisioningSite, nth: number, firmware: string): Promise<string> {
  const digits = `001565aabb${nth.toString(16).padStart(2, '0')}`;
  const headers = { 'user-agent': `Yealink SIP-T46S ${firmware} ${digits}` };
  const answer = await get({ url: site.url, path: `/${digits}.cfg`, headers, from: `127.0.2.${nth}` });
  return `${answer.status} ${answer.body.toString('latin1')}`;
}

function offersOf({ directory }: ProvisioningSite) {
  using reader = openReader(directory, 'provisioning');
  return reader ? readFirmwareOffers(reader.db) : [];
}

function folderWithImage(): string {
  const directory = temporaryDirectory();
  putFirmware(directory, name, 'firmware');
  return directory;
}

const offer = 'below_minimum = "offer"';
const old = '66.82.0.1';
const url = (site: ProvisioningSite) => `static.firmware.url = ${site.url}/gatehouse-firmware/${name}\n`;

test('a phone below the minimum is offered the firmware with what it gets anyway, and can fetch it', async () => {
  await using site = await startFirmwareSite({ directory: folderWithImage(), toml: offer });
  const body = await configure(site, 1, old);
  expect(body).toContain(url(site));
  expect(body).toContain('static.trusted_certificates.url');
  expect((await get({ url: site.url, path: `/gatehouse-firmware/${name}` })).body.toString()).toBe(
    'firmware',
  );
  expect(site.part.counters()).toMatchObject({ firmware_offers: 1, overlays_given: 1 });
});

test.each([
  ['by default', '', old],
  ['on hold', 'below_minimum = "hold"', old],
  ['that could go on without', offer, '66.85.0.5'],
  ['that runs it', offer, '66.86.5.1'],
  ['of another hardware', offer, '28.82.0.1'],
  ['of unknown firmware', offer, ''],
])('no firmware is offered to a phone %s', async (_, toml, firmware) => {
  await using site = await startFirmwareSite({ directory: folderWithImage(), toml });
  expect(await configure(site, 1, firmware)).not.toContain('firmware.url');
  expect(offersOf(site)).toEqual([]);
});

test('the first phones are offered a version at once, the others when those came back with it', async () => {
  await using site = await startFirmwareSite({
    directory: folderWithImage(),
    toml: `${offer}\noffer_updates = true\nfirmware_pilot = 2`,
  });
  const isOffered = async (nth: number, firmware = old) =>
    (await configure(site, nth, firmware)).includes('static.firmware.url');
  expect([await isOffered(1), await isOffered(2), await isOffered(3)]).toEqual([true, true, false]);
  expect(await isOffered(1)).toBe(true);
  expect(await isOffered(1, '66.86.5.1')).toBe(false);
  expect(await isOffered(3)).toBe(false);
  expect(await isOffered(2, '66.86.5.1')).toBe(false);
  expect([await isOffered(3), await isOffered(4, '66.85.0.5')]).toEqual([true, true]);
  expect(offersOf(site).map(({ mac, updatedAt }) => [mac.at(-1), updatedAt !== undefined])).toEqual([
    ['1', true],
    ['2', true],
    ['3', false],
    ['4', false],
  ]);
  expect(site.journal().filter(({ kind }) => kind === 'firmware_updated')).toHaveLength(2);
});

test('places in the wave are kept over a restart', async () => {
  const directory = folderWithImage();
  const toml = `${offer}\nfirmware_pilot = 1`;
  {
    await using site = await startFirmwareSite({ directory, toml });
    expect(await configure(site, 1, old)).toContain('firmware.url');
  }
  await using site = await startFirmwareSite({ directory, toml });
  expect(await configure(site, 2, old)).not.toContain('firmware.url');
  expect(await configure(site, 1, old)).toContain('firmware.url');
});

test('many at once get no more places than there are', async () => {
  await using site = await startFirmwareSite({
    directory: folderWithImage(),
    toml: `${offer}\nfirmware_pilot = 3`,
  });
  const bodies = await Promise.all(Array.from({ length: 20 }, (_, nth) => configure(site, nth + 1, old)));
  expect(bodies.filter((body) => body.includes('firmware.url'))).toHaveLength(3);
});

test('a phone that does not take it is not offered it for ever', async () => {
  await using site = await startFirmwareSite({ directory: folderWithImage(), toml: offer });
  const count = async () => {
    let offers = 0;
    for (let at = 0; at < 40; at += 1) {
      // Each boot comes over HTTPS in between, or the bootstrap itself is given up.
      const cfg = '/001565aabb01.cfg';
      const ca = (await get({ url: site.url, path: '/gatehouse-ca.pem' })).body.toString();
      await get({
        url: `https://127.0.0.1:${site.part.httpsPort}`,
        path: '/y000000000000.boot',
        ca,
        from: '127.0.2.1',
        headers: { 'user-agent': `Yealink SIP-T46S ${old} 001565aabb01` },
      });
      const headers = { 'user-agent': `Yealink SIP-T46S ${old} 001565aabb01` };
      const { body } = await get({ url: site.url, path: cfg, headers, from: '127.0.2.1' });
      if (body.includes('firmware.url')) offers += 1;
    }
    return offers;
  };
  expect(await count()).toBe(30);
});

test('while it is paused nobody is offered anything', async () => {
  const directory = folderWithImage();
  const pause = putFirmware(directory, 'paused', '');
  await using site = await startFirmwareSite({ directory, toml: offer });
  expect(await configure(site, 1, old)).not.toContain('firmware.url');
  rmSync(pause);
  expect(await configure(site, 1, old)).toContain('firmware.url');
});

test("over the cloud's own answer the offer is laid too", async () => {
  await using site = await startFirmwareSite({ directory: folderWithImage(), toml: 'offer_updates = true' });
  const ca = (await get({ url: site.url, path: '/gatehouse-ca.pem' })).body.toString();
  const answer = await get({
    url: `https://127.0.0.1:${site.part.httpsPort}`,
    path: '/001565aabb01.cfg',
    ca,
    headers: { 'user-agent': 'Yealink SIP-T46S 66.85.0.5 001565aabb01' },
  });
  expect(answer.status).toBe(200);
  expect(answer.body.toString('latin1')).toContain(url(site));
  expect(site.cloud.violations).toEqual([]);
});

test.each([
  {
    vendor: 'Cisco',
    file: 'cisco/8841/12-0-3MPP/sip88xx.12-0-3MPP0001-12.loads',
    path: '/8841-3PCC.xml',
    userAgent: 'Cisco-CP-8841-3PCC/11.0 (00562baabb03)',
    before: '<Upgrade_Rule ua="na">',
    after: '</Upgrade_Rule>',
  },
  {
    vendor: 'Poly',
    file: 'poly/VVX500/5.9.7.3480/sip.ld',
    path: '/000000000000.cfg',
    userAgent: 'FileTransport PolycomVVX-VVX_500-UA/5.9.0.1000 (SN:0004f2aabb02) Type/Application',
    before: 'APP_FILE_PATH="',
    after: '"',
  },
])(
  'a $vendor phone is pointed to its file by its own key',
  async ({ file, path, userAgent, before, after }) => {
    const directory = temporaryDirectory();
    putFirmware(directory, file, 'firmware');
    await using site = await startFirmwareSite({ directory, toml: offer });
    const { body } = await get({ url: site.url, path, headers: { 'user-agent': userAgent } });
    expect(body.toString()).toContain(`${before}${site.url}/gatehouse-firmware/${file}${after}`);
  },
);

test('a release with a file that is not what it should be is offered to nobody', async () => {
  const directory = folderWithImage();
  putFirmware(directory, join(name, '../extra.rom.sig'), '');
  await using site = await startFirmwareSite({ directory, toml: offer });
  expect(await configure(site, 1, old)).not.toContain('firmware.url');
});
