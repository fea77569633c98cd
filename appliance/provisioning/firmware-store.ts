/** The firmware folder as a running part has it: looked at again and again, given out, offered to a few phones first. */
import { join } from 'node:path';
import type { HttpAnswer, HttpRequest } from '../net/http-server.ts';
import { compareFirmware } from '../phones/firmware.ts';
import { vendors } from '../phones/vendors.ts';
import { readFirmwareFiles, saveFirmwareFiles, type FirmwareFile } from '../store/firmware-files.ts';
import { firmwareFolder, isPaused } from '../store/firmware-folder.ts';
import { noteFirmwareUpdated, readFirmwareOffer, takeFirmwareOffer } from '../store/firmware-offers.ts';
import { emptyAnswer, type Context } from './context.ts';
import { chooseFirmware } from './firmware-choice.ts';
import { newDownloads } from './firmware-download.ts';
import { filePath, lookAtFolder } from './firmware-folder.ts';
import type { SeenFirmware } from './firmware-seen.ts';
import { newLimiter } from './limiter.ts';
import { newPace } from './pace.ts';
import type { VendorProvisioning } from './vendor-files.ts';

export interface FirmwareStore {
  /** `name`: what follows {@link firmwarePath} in the target. */
  answer(request: HttpRequest, name: string): HttpAnswer;
  /** The file that this phone is to be pointed to now. Its place in the wave is durable when this resolves. */
  offerFor(seen: SeenFirmware, vendor: VendorProvisioning | undefined): Promise<FirmwareFile | undefined>;
  /** Looks at the folder now: somebody has just changed it. */
  look(): Promise<void>;
  /** Looks at the folder, now and again, until the signal is aborted. */
  watch(signal: AbortSignal): Promise<void>;
}

const lookEveryMs = 10_000;

type Needs = Pick<Context, 'world' | 'site' | 'provisioning' | 'store' | 'counters' | 'leases'>;

export function openFirmwareStore(needs: Needs, signal: AbortSignal): FirmwareStore {
  const { world, site, provisioning, store } = needs;
  const folder = firmwareFolder(needs);
  const mayAsk = newLimiter({ burst: 240, perMinute: 600 });
  const bytesPerSecond = (provisioning.firmware_mbit_per_second * 1_000_000) / 8;
  const downloads = newDownloads({
    pace: newPace(world.clock, bytesPerSecond),
    bytesPerSecond,
    signal,
    onEnd: (file, sent) => noteSent(needs, file, sent),
  });
  // Of before a restart: whether a file is still the same is seen again when it is given out.
  let files: readonly FirmwareFile[] = readFirmwareFiles(store.db);
  const lookOnce = async () => {
    const before = readFirmwareFiles(store.db);
    files = await lookAtFolder(folder, { before, now: world.clock.now() });
    await saveFound(needs, before, files);
  };
  let looking = Promise.resolve();
  // One after the other: a look that began earlier must not be the last word.
  const look = async () => await (looking = looking.catch(() => undefined).then(lookOnce));
  return {
    answer: (request, name) => {
      if (!mayAsk.take(request.remoteAddress, world.clock.now()))
        return emptyAnswer(429, [['Retry-After', '60']]);
      // By name among those that were found: no path is ever made of what a phone asks for.
      const file = files.find((one) => filePath(one) === name && one.problem === undefined);
      return file === undefined ? emptyAnswer(404) : downloads.answer(request, file, join(folder, name));
    },
    offerFor: async (seen, vendor) => {
      await noteUpdated(needs, seen);
      if (vendor?.firmware === undefined || files.length === 0 || isPaused(folder)) return undefined;
      const file = chooseFirmware(files, seen, {
        region: site.region,
        belowMinimum: provisioning.below_minimum,
        offerUpdates: provisioning.offer_updates,
        isMain: vendor.firmware.isMain,
      });
      if (file === undefined) return undefined;
      const wave = { mac: seen.phone.mac, pilot: provisioning.firmware_pilot, now: world.clock.now() };
      return (await store.write((tx) => takeFirmwareOffer(tx.db, wave, file))) ? file : undefined;
    },
    look,
    watch: async (until) => {
      while (!until.aborted) {
        try {
          await look();
          await world.clock.sleep(lookEveryMs, until);
        } catch (error) {
          if (until.aborted) return;
          world.log.error({ error: String(error) }, 'firmware folder not looked at');
          await world.clock.sleep(lookEveryMs, until).catch(() => undefined);
        }
      }
    },
  };
}

async function saveFound(
  { store, world }: Needs,
  before: readonly FirmwareFile[],
  found: readonly FirmwareFile[],
): Promise<void> {
  const known = new Set(before.map(asText));
  const news = found.filter((file) => !known.has(asText(file)));
  if (news.length === 0 && found.length === before.length) return;
  await store.write((tx) => {
    saveFirmwareFiles(tx.db, found);
    for (const { vendor, model, version, name, size, problem } of news) {
      const kind = problem === undefined ? 'firmware_file_found' : 'firmware_file_refused';
      tx.journal({ kind, body: { vendor, model, version, name, size, problem } });
    }
  });
  for (const { vendor, model, version, name, problem } of news) {
    if (problem !== undefined)
      world.log.warn({ vendor, model, version, name, problem }, 'firmware file refused');
  }
}

function asText(file: FirmwareFile): string {
  return `${filePath(file)} ${file.size} ${file.changedAt} ${file.sha256} ${file.problem ?? ''}`;
}

async function noteUpdated({ store, world }: Needs, { phone }: SeenFirmware): Promise<void> {
  const offer = readFirmwareOffer(store.db, phone.mac);
  if (offer === undefined || offer.updatedAt !== undefined || phone.firmware === undefined) return;
  const { model, version } = offer;
  const vendor = vendors.find((one) => one === offer.vendor && one === phone.vendor);
  const order = vendor && compareFirmware(vendor, phone.firmware, version);
  if (order !== 0 && order !== 1) return;
  await store.write((tx) => {
    noteFirmwareUpdated(tx.db, phone.mac, world.clock.now());
    tx.journal({ kind: 'firmware_updated', mac: phone.mac, body: { vendor, model, version } });
  });
}

function noteSent(
  { counters, leases, store, world }: Needs,
  { vendor, model, version, name }: FirmwareFile,
  { bytes, isWhole, ip }: { bytes: number; isWhole: boolean; ip: string },
): void {
  counters.firmware_bytes += bytes;
  if (!isWhole) return;
  counters.firmware_downloads += 1;
  const write = store.write((tx) => {
    tx.journal({
      kind: 'firmware_sent',
      mac: leases.byIp(ip)?.mac,
      body: { vendor, model, version, name, ip },
    });
  });
  write.catch((error: unknown) => world.log.error({ error: String(error) }, 'download not written down'));
}
