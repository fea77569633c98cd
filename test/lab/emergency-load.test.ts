/** 112 beside 200 calls with speech, `sip` and `rtp` as processes of their own, and a store that can't be written: answered within a second. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { readEmergencyCalls, type EmergencyCall } from '../../appliance/store/emergency-calls.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { storeFile } from '../../appliance/store/store.ts';
import { readReport } from '../../appliance/store/telemetry.ts';
import { start, until, type Running } from '../support/command.ts';
import { manyCalls, type ManyCalls } from '../support/many-calls.ts';
import { contact, ear, inviteText, rtp as speech, within, type Dialog } from '../support/sip-calls.ts';
import { newSipProcess, startPart, type SipProcess } from '../support/sip-process.ts';
import { missing } from '../support/refusal.ts';
import { register } from '../support/sip-registering.ts';
import {
  mediaPort,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../support/sip-site.ts';
import { openSmallDisk, type SmallDisk } from '../support/small-disk.ts';

const withinMs = 1000;
const wait = { timeoutMs: 15_000, everyMs: 50 };

interface Busy {
  readonly site: SipSite;
  readonly disk: SmallDisk;
  readonly sip: SipProcess;
  readonly rtp: Running;
  readonly phone: Peer;
  readonly calls: ManyCalls;
}

/** A box on a disk of its own, with 200 calls, and one phone more. */
async function busyBox(): Promise<Busy> {
  const disk = openSmallDisk(16);
  const sip = newSipProcess();
  let rtp: Running | undefined;
  const site = await openSipSite({
    directory: disk.directory,
    rtp: false,
    mediaPorts: 1000,
    startSip: async (file) => {
      const media = (rtp = startPart('rtp', file));
      onTestFinished(() => media[Symbol.asyncDispose]());
      return await sip.startSip(file);
    },
  });
  await sip.listens(site);
  await until(
    'the media relay to be connected',
    () => readReport(disk.directory, 'sip')?.health.state === 'ok' || undefined,
    { ...wait, lastSeen: () => sip.running().lastWords() },
  );
  const phone = await site.phone('tls');
  await register(site, phone);
  const calls = await manyCalls(site, 1);
  await calls.goOn();
  return { site, disk, sip, rtp: rtp ?? missing('rtp'), phone, calls };
}

/**
 * Dialled, answered by the cloud at once, and heard both ways: milliseconds from INVITE to 200, but for those in which one of the
 * three processes was ready and another program had the processor.
 */
async function callHelp(
  { site, phone, sip, rtp, calls }: Busy,
  callId: string,
  when: string,
): Promise<number> {
  const help: Dialog = { callId, from: '"Ann" <sip:1001@office.example>;tag=me', to: '<sip:112@127.0.0.1>' };
  const [near, far] = [await ear(), await ear()];
  const flow = await site.flow(0);
  const pids = [process.pid, sip.running().pid, rtp.pid];
  const [queued, begin] = [sum(pids.map(queuedMs)), performance.now()];
  phone.send(inviteText(help, { uri: 'sip:112@127.0.0.1', body: sdpText(near.address().port) }));
  const invite = await flow.request('INVITE');
  const askedMs = performance.now() - begin;
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(far.address().port) }));
  const answer = await phone.response(200);
  const tookMs = performance.now() - begin;
  const starvedMs = sum(pids.map(queuedMs)) - queued;
  phone.send(within(help, answer, 'ACK').text());
  await flow.request('ACK');
  const told = `${when}: ${tookMs.toFixed(0)} ms from INVITE to 200, the cloud asked after ${askedMs.toFixed(0)}, ${starvedMs.toFixed(0)} ms queued for a processor`;
  console.log(`112 beside ${calls.count} calls, ${told}`);
  for (const [from, at] of [
    [near, answer],
    [far, invite],
  ] as const)
    for (const sequence of [1, 2, 3])
      from.post(speech(sequence), { address: '127.0.0.1', port: mediaPort(at) });
  await until('both to hear', () => (near.heard > 0 && far.heard > 0) || undefined, wait);
  await calls.goOn();
  return tookMs - starvedMs;
}

/** Milliseconds that a process was ready to run and another one had the processor (schedstat of its first thread). */
function queuedMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

function evidence({ directory }: SipSite): EmergencyCall[] {
  using reader = openReader(directory, 'sip');
  return reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 10 });
}

const written = async (site: SipSite, count: number) =>
  await until(
    'the evidence',
    () => {
      const up = evidence(site).filter(({ outcome }) => outcome === 'up');
      return up.length === count ? up : undefined;
    },
    wait,
  );

it.skipIf(process.getuid?.() !== 0)(
  'with the disk full to the last byte it is answered within a second, and written down when there is room',
  async () => {
    const busy = await busyBox();
    // The log begins anew, so that there is no room left in it either.
    const other = new Database(storeFile(busy.site.directory, 'sip'));
    other.pragma('wal_checkpoint(TRUNCATE)');
    busy.disk.fill();
    expect(await callHelp(busy, 'full', 'the disk full')).toBeLessThan(withinMs);
    expect(evidence(busy.site)).toEqual([]);
    busy.disk.empty();
    other.close();
    expect(await written(busy.site, 1)).toMatchObject([{ number: '112', ways: [{ outcome: 'answered' }] }]);
  },
);

it.skipIf(process.getuid?.() !== 0)(
  'with the store in the hands of another program it is answered within a second, at once and after a minute',
  async () => {
    const busy = await busyBox();
    const script = join(import.meta.dirname, '../support/store-holder-process.ts');
    const other = start([process.execPath, script, busy.site.directory, 'sip']);
    onTestFinished(() => other[Symbol.asyncDispose]());
    await until(
      'another program to hold it',
      () => other.lastWords().includes('holds it') || undefined,
      wait,
    );
    const since = Date.now();
    expect(await callHelp(busy, 'locked', 'the store just locked')).toBeLessThan(withinMs);
    await sleep(since + 60_000 - Date.now());
    expect(await callHelp(busy, 'locked-long', 'the store locked for a minute')).toBeLessThan(withinMs);
    expect(evidence(busy.site)).toEqual([]);
    await other[Symbol.asyncDispose]();
    expect(await written(busy.site, 2)).toHaveLength(2);
  },
);

it.skipIf(process.getuid?.() !== 0)(
  'with the store overwritten by something else it is answered within a second',
  async () => {
    const busy = await busyBox();
    const file = storeFile(busy.site.directory, 'sip');
    for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
    expect(await callHelp(busy, 'broken', 'the store broken')).toBeLessThan(withinMs);
  },
);
