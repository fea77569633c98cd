import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';
import { until } from '../../support/command.ts';
import { get, putFirmware, startFirmwareSite } from '../../support/firmware-folder.ts';
import type { ProvisioningSite } from '../../support/provisioning.ts';

const name = 'yealink/T46S/66.86.5.1/T46S-66.86.5.1.rom';
const phones = 200;
const patience = { timeoutMs: 15_000 };

const addressOf = (nth: number) => `127.0.3.${nth + 1}`;

/** Each from its own address, as they come after a power cut. Resolves with the hash of what arrived, or the error. */
function downloadAll(
  site: ProvisioningSite,
  onBytes: (nth: number, bytes: number) => void,
): Promise<string>[] {
  return Array.from({ length: phones }, async (_, nth) => {
    const hash = createHash('sha256');
    const asked = { url: site.url, path: `/gatehouse-firmware/${name}`, from: addressOf(nth) };
    try {
      const { status } = await get(asked, (chunk) => {
        hash.update(chunk);
        onBytes(nth, chunk.length);
      });
      return status === 200 ? hash.digest('hex') : `status ${status}`;
    } catch (error) {
      return String(error);
    }
  });
}

async function configure(site: ProvisioningSite, nth: number): Promise<number> {
  const digits = `001565aabb${nth.toString(16).padStart(2, '0')}`;
  const headers = { 'user-agent': `Yealink SIP-T46S 66.86.5.1 ${digits}` };
  const path = `/${digits}.cfg`;
  return (await get({ url: site.url, path, headers, from: addressOf(nth) })).status;
}

test('while 200 phones download at once, all 200 get their configuration before any has its firmware', async () => {
  const directory = temporaryDirectory();
  const image = randomBytes(1_000_000);
  putFirmware(directory, name, image);
  const received = new Map<number, number>();
  const statuses: number[] = [];
  const finished: string[] = [];
  {
    // So slow that nobody could finish while this test lasts.
    await using site = await startFirmwareSite({ directory, toml: 'firmware_mbit_per_second = 8' });
    const downloads = downloadAll(site, (nth, bytes) => received.set(nth, (received.get(nth) ?? 0) + bytes));
    for (const download of downloads) void download.then((result) => finished.push(result));
    await until('the first downloads under way', () => received.size > 10 || undefined, patience);
    statuses.push(...(await Promise.all(Array.from({ length: phones }, (_, nth) => configure(site, nth)))));
    expect(finished).toEqual([]);
  }
  expect(statuses).toEqual(Array.from({ length: phones }, () => 200));
  expect(Math.max(...received.values())).toBeLessThan(image.length);
});

test('200 downloads are whole, take turns, and no file is ever in memory', async () => {
  const directory = temporaryDirectory();
  // Twenty pieces each: who began first must not have ended before the last connection was made.
  const image = randomBytes(5_000_000);
  const sha256 = createHash('sha256').update(image).digest('hex');
  putFirmware(directory, name, image);
  await using site = await startFirmwareSite({ directory, toml: 'firmware_mbit_per_second = 10000' });
  const before = process.memoryUsage().arrayBuffers;
  const begun = new Set<number>();
  let most = 0;
  let begunBeforeFirstEnd = 0;
  const downloads = downloadAll(site, (nth) => {
    begun.add(nth);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  });
  await Promise.race(downloads);
  begunBeforeFirstEnd = begun.size;
  const results = await Promise.all(downloads);
  expect(results).toEqual(results.map(() => sha256));
  expect(begunBeforeFirstEnd).toBe(phones);
  // 1 GB went over. What lies there is a piece on both sides of each connection, and what this process received and hasn't collected yet.
  expect(most).toBeLessThan((phones * image.length) / 4);
});

test('one address has no more than a few downloads at a time; the others are told when to come again', async () => {
  const directory = temporaryDirectory();
  putFirmware(directory, name, randomBytes(1_000_000));
  const statuses: number[] = [];
  {
    await using site = await startFirmwareSite({ directory, toml: 'firmware_mbit_per_second = 1' });
    const path = `/gatehouse-firmware/${name}`;
    let begun = 0;
    const held = Array.from({ length: 4 }, async () => {
      let isFirst = true;
      await get({ url: site.url, path }, () => {
        if (isFirst) begun += 1;
        isFirst = false;
      }).catch(() => undefined);
    });
    await until('four downloads under way', () => begun === 4 || undefined, patience);
    const more = await get({ url: site.url, path });
    expect(more.headers['retry-after']).toBe('120');
    statuses.push(more.status, (await get({ url: site.url, path, method: 'HEAD' })).status);
    void held;
  }
  expect(statuses).toEqual([503, 200]);
});
