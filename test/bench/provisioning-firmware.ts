/** Configurations while 200 phones fetch firmware as fast as the settings let them, from the box and from nginx. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../support/command.ts';
import { startNginx } from './nginx.ts';
import { address, leasedPhones, startBox, type Stage } from './provisioning-box.ts';
import { load, runClient, startCloud, storedBase, storedPhones, type Measured } from './provisioning-load.ts';
import type { LoadResult } from './provisioning-client.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const file = 'yealink/T46S/66.86.5.1/T46S.rom';
const fileBytes = 16_777_216;
/** Longer than the configurations take. */
const downloadSeconds = 18;

interface Server {
  /** Of configurations. */
  readonly base: string;
  readonly ca?: string;
  /** Of the firmware. */
  readonly url: string;
  /** Of its processor, so far. */
  readonly seconds: () => number;
}

interface Found {
  readonly alone: Measured;
  readonly beside: Measured;
  /** Of the server's processor a gigabyte of firmware; what configurations take without it is left out. */
  readonly perGigabyte: number;
}

/** At the rate of the settings' own default, and beside nginx at that of a gigabit card. */
export async function measureFirmware(stage: Stage, say: (line: string) => void): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const rate of [100, 1000]) {
    const ours = await measureBox(stage, rate, say);
    rows.push(
      benchRow({
        name: `Provisioning: configuration p99 beside firmware at ${rate} Mbit/s`,
        ours: round(ours.beside.p99),
        peer: round(ours.alone.p99),
        peerName: 'the box itself, without downloads',
        unit: 'ms',
        better: 'lower',
      }),
    );
    if (rate < 1000) continue;
    const { found, peerName } = await measureNginx(stage, rate, say);
    rows.push(
      benchRow({
        name: `Provisioning: firmware at ${rate} Mbit/s, processor`,
        ours: round(ours.perGigabyte),
        peer: found === undefined ? null : round(found.perGigabyte),
        peerName,
        unit: 's a GB',
        better: 'lower',
      }),
    );
  }
  return rows;
}

async function measureBox(stage: Stage, rate: number, say: (line: string) => void): Promise<Found> {
  const here = { ...stage, directory: join(stage.directory, `firmware-${rate}`) };
  const phones = await storedPhones(here, 200);
  putFirmware(here);
  await using cloud = await startCloud(stage);
  const toml = `kept_answers_only = true\nfirmware_mbit_per_second = ${rate}`;
  const { ca, httpPort, httpsPort, seconds, stop } = await startBox(here, { cloud, toml });
  const url = `http://${address}:${httpPort}/gatehouse-firmware/${file}`;
  await until('the look at the firmware folder', async () => (await isThere(url)) || undefined, {
    timeoutMs: 20_000,
  });
  const server = { base: storedBase(httpsPort), ca, url, seconds };
  const found = await measureBeside(here, { server, phones, tell: (words) => say(`${words} of ${rate}`) });
  stop();
  return found;
}

/** Each transfer at its part of the rate: nginx knows none for all together. */
async function measureNginx(stage: Stage, rate: number, say: (line: string) => void) {
  const here = { ...stage, directory: join(stage.directory, `nginx-${rate}`) };
  const phones = await storedPhones(here, 200);
  putFirmware(here);
  await using cloud = await startCloud(stage);
  await using nginx = await startNginx({
    directory: here.directory,
    tls: await stage.authority.certificateFor([address]),
    upstream: `http://${address}:${cloud.httpPort}`,
    files: { folder: join(here.directory, 'provisioning/firmware'), bytesPerSecond: (rate * 125_000) / 200 },
  });
  if (nginx.name !== undefined) return { peerName: nginx.name };
  const { cachePort, passPort, seconds } = nginx;
  const server = {
    base: `https://${address}:${cachePort}`,
    url: `http://${address}:${passPort}/files/${file}`,
    seconds,
  };
  const tell = (words: string) => say(`nginx: ${words} of ${rate}`);
  return {
    found: await measureBeside(here, { server, phones, tell }),
    peerName: 'nginx, one worker, sendfile, beside proxy_cache over TLS',
  };
}

interface Measuring {
  readonly server: Server;
  readonly phones: Awaited<ReturnType<typeof storedPhones>>;
  readonly tell: (words: string) => void;
}

async function measureBeside(here: Stage, { server, phones, tell }: Measuring): Promise<Found> {
  const loaders = await leasedPhones(here, { vendor: 'ale', count: 200 });
  const asked = { phones, requests: 8, isFresh: false, atOnce: 8, pauseMs: 40, ...server };
  await load(here, { ...asked, requests: 1 });
  const alone = await load(here, asked);
  const before = server.seconds();
  const downloading = runClient(here, {
    kind: 'download',
    phones: loaders.map((phone) => ({ ...phone, url: server.url })),
    ca: '',
    userAgent: 'Yealink SIP-T46S 66.84.0.1',
    requests: downloadSeconds,
    isFresh: true,
    atOnce: loaders.length,
  });
  // Until their process has started and all have begun.
  await sleep(3000);
  const beside = await load(here, asked);
  const downloads = await downloading;
  const configurations = (alone.processorMs * phones.length * asked.requests) / 1000;
  const gigabytes = (downloads.rate * downloads.seconds) / 8000;
  tell(
    `configuration p99 ${round(alone.p99)} ms before, ${round(beside.p99)} meanwhile; the clients had ${share(beside)} and ${share(downloads)} of a processor; 200 downloads, ${downloads.failures} cut: ${round(downloads.rate)} Mbit/s`,
  );
  return { alone, beside, perGigabyte: (server.seconds() - before - configurations) / gigabytes };
}

/** Of a processor, while it ran. */
function share({ processorSeconds, seconds }: LoadResult): number {
  return round(processorSeconds / seconds);
}

function putFirmware({ directory }: Pick<Stage, 'directory'>): void {
  const path = join(directory, 'provisioning/firmware', file);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, randomBytes(fileBytes));
}

async function isThere(url: string): Promise<boolean> {
  return (await fetch(url, { method: 'HEAD' })).status === 200;
}
