/**
 * Phones for `provisioning.ts`, in a process of their own: settings are JSON in the file named first, the result is one line
 * of JSON. Each phone has its own source address.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { factoryState, settlePhone } from '../support/phone-provisioning.ts';
import type { PhoneVendor } from '../support/phone-configuration.ts';
import { phoneGroups } from '../support/phone-http.ts';

export interface BenchPhone {
  readonly vendor: PhoneVendor;
  readonly mac: string;
  readonly from: string;
  /** Whole URL. */
  readonly url: string;
}

export interface LoadSettings {
  readonly kind: 'load' | 'boot' | 'download';
  readonly phones: readonly BenchPhone[];
  readonly ca: string;
  readonly userAgent: string;
  /** Of each phone, one after the other; of downloads, for how many seconds. */
  readonly requests: number;
  /** A connection for each request, or one for all of a phone. */
  readonly isFresh: boolean;
  /** Phones at the same time. */
  readonly atOnce: number;
  /** After each answer. */
  readonly pauseMs?: number;
}

export interface LoadResult {
  /** Requests a second; of downloads Mbit/s. */
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly failures: number;
  readonly seconds: number;
  /** Of this process. */
  readonly processorSeconds: number;
}

const work = { boot, load, download };
const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as LoadSettings;
const tookMs: number[] = [];
let failures = 0;
let downloaded = 0;
const queue = [...settings.phones];
const started = performance.now();
await Promise.all(Array.from({ length: settings.atOnce }, worker));
const seconds = (performance.now() - started) / 1000;
tookMs.sort((a, b) => a - b);
const quantile = (part: number) => tookMs[Math.floor((tookMs.length - 1) * part)] ?? Number.NaN;
const result: LoadResult = {
  rate: (settings.kind === 'download' ? (downloaded * 8) / 1_000_000 : tookMs.length) / seconds,
  p50: quantile(0.5),
  p99: quantile(0.99),
  failures,
  seconds,
  processorSeconds: Number((process.cpuUsage().user + process.cpuUsage().system).toPrecision(3)) / 1e6,
};
console.log(JSON.stringify(result));

async function worker(): Promise<void> {
  for (let phone = queue.shift(); phone !== undefined; phone = queue.shift()) {
    await work[settings.kind](phone).catch(() => (failures += 1));
  }
}

/** From power-on to an account; told to come later, a phone goes on from what it has in flash. */
async function boot(phone: BenchPhone): Promise<void> {
  const before = performance.now();
  const open = { sockets: new Map<string, Socket>(), sessions: new Map<string, Buffer>() };
  const state = { ...factoryState({ ...phone, trusted: settings.ca }), open };
  for (let attempt = 0; attempt < 20; attempt += 1) {
    await settlePhone(state).catch(() => undefined);
    if (state.account !== undefined) {
      for (const socket of open.sockets.values()) socket.destroy();
      tookMs.push(performance.now() - before);
      return;
    }
    failures += 1;
    await sleep(500);
  }
}

async function load(phone: BenchPhone): Promise<void> {
  const { hostname, port, pathname, protocol } = new URL(phone.url);
  const open = (): Socket => {
    const where = { host: hostname, port: Number(port), localAddress: phone.from };
    return protocol === 'https:'
      ? connectTls({ ...where, ca: settings.ca, ecdhCurve: phoneGroups })
      : connectTcp(where);
  };
  const bytes = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: ${settings.userAgent}\r\n\r\n`;
  let socket = settings.isFresh ? undefined : open();
  for (let at = 0; at < settings.requests; at += 1) {
    const before = performance.now();
    socket = settings.isFresh || socket === undefined ? open() : socket;
    const status = await ask(socket, bytes);
    if (settings.isFresh) socket.destroy();
    if (status === 200) tookMs.push(performance.now() - before);
    else failures += 1;
    if (settings.pauseMs !== undefined) await sleep(settings.pauseMs);
  }
  socket?.destroy();
}

/** One file over and over until the time is over. */
async function download(phone: BenchPhone): Promise<void> {
  const { hostname, port, pathname } = new URL(phone.url);
  const end = started + settings.requests * 1000;
  const head = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nUser-Agent: ${settings.userAgent}\r\n`;
  while (performance.now() < end) {
    const socket = connectTcp({ host: hostname, port: Number(port), localAddress: phone.from });
    const timer = setTimeout(() => socket.destroy(), Math.max(0, end - performance.now()));
    socket.write(`${head}Connection: close\r\n\r\n`);
    socket.on('data', (chunk) => (downloaded += chunk.length));
    await once(socket, 'close').finally(() => clearTimeout(timer));
  }
}

/** Status of an answer with a Content-Length, read to its end. */
async function ask(socket: Socket, bytes: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('closed'));
    let received = '';
    const onData = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      const head = received.indexOf('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(received)?.[1];
      if (head === -1 || length === undefined || received.length < head + 4 + Number(length)) return;
      socket.off('data', onData).off('error', reject).off('close', onClose);
      resolve(Number(received.slice(9, 12)));
    };
    socket.on('data', onData).once('error', reject).once('close', onClose);
    socket.write(bytes);
  });
}
