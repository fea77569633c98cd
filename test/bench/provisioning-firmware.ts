/** Configurations while 200 phones fetch firmware as fast as the settings let them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/command.ts';
import { address, leasedPhones, startBox, type Stage } from './provisioning-box.ts';
import { load, runClient, startCloud, storedBase, storedPhones } from './provisioning-load.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const file = 'yealink/T46S/66.86.5.1/T46S.rom';
const fileBytes = 16_777_216;
/** Longer than the configurations take. */
const downloadSeconds = 25;

/** At the rate of the settings' own default, and at that of a gigabit card. */
export async function measureFirmware(stage: Stage, say: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const rate of [100, 1000]) rows.push(await measureAt(stage, rate, say));
  return rows;
}

async function measureAt(stage: Stage, rate: number, say: (line: string) => void): Promise<BenchRow> {
  const directory = join(stage.directory, `firmware-${rate}`);
  const here = { ...stage, directory };
  const phones = await storedPhones(here, 200);
  const loaders = await leasedPhones(here, { vendor: 'ale', count: 200 });
  const path = join(directory, 'provisioning/firmware', file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, randomBytes(fileBytes));
  await using cloud = await startCloud(stage);
  const toml = `kept_answers_only = true\nfirmware_mbit_per_second = ${rate}`;
  const box = await startBox(here, { cloud, toml });
  const url = `http://${address}:${box.httpPort}/gatehouse-firmware/${file}`;
  await until('the look at the firmware folder', async () => (await isThere(url)) || undefined, {
    timeoutMs: 20_000,
  });
  const asked = { phones, requests: 8, isFresh: false, atOnce: 8, pauseMs: 40 };
  const at = { base: storedBase(box.httpsPort), ca: box.ca, seconds: box.seconds };
  await load(here, { ...asked, requests: 1, ...at });
  const alone = await load(here, { ...asked, ...at });
  const downloading = runClient(here, {
    kind: 'download',
    phones: loaders.map((phone) => ({ ...phone, url })),
    ca: '',
    userAgent: 'Yealink SIP-T46S 66.84.0.1',
    requests: downloadSeconds,
    isFresh: true,
    atOnce: loaders.length,
  });
  // Until their process has started and all have begun.
  await sleep(3000);
  const beside = await load(here, { ...asked, ...at });
  const downloads = await downloading;
  box.stop();
  say(
    `200 downloads together: ${round(downloads.rate)} of ${rate} Mbit/s, ${downloads.failures} cut; configurations: ${round(alone.rate)} requests/s before, ${round(beside.rate)} meanwhile`,
  );
  return benchRow({
    name: `Provisioning: configuration p99 beside firmware at ${rate} Mbit/s`,
    ours: round(beside.p99),
    peer: round(alone.p99),
    peerName: 'the box itself, without downloads',
    unit: 'ms',
    better: 'lower',
  });
}

async function isThere(url: string): Promise<boolean> {
  return (await fetch(url, { method: 'HEAD' })).status === 200;
}
