/** Configurations from the store and passed through, beside nginx as a caching proxy. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { join } from 'node:path';
import { openAnswers } from '../../appliance/provisioning/answers.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { systemClock } from '../../appliance/world.ts';
import { cloudBody } from '../cloud/provisioning-bodies.ts';
import { run } from '../support/command.ts';
import { startNginx } from './nginx.ts';
import { address, leasedPhones, startBox, type Ports, type Stage } from './provisioning-box.ts';
import type { BenchPhone, LoadResult, LoadSettings } from './provisioning-client.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const host = 'usea.dm.sdg.teams.microsoft.com';
const folder = (mac: string) => `/device/mmiiaacc/${mac.replaceAll(':', '')}0123456789ab/lang_en/`;
const bodies = {
  yealink: cloudBody('yealink', `https://${host}/device/`),
  audiocodes: cloudBody('audiocodes', ''),
};

/** What one round of requests came to. */
export interface Measured extends LoadResult {
  /** Of the server, a request. */
  readonly processorMs: number;
}

type Say = (line: string) => void;

interface Peer {
  /** Undefined: none is here. */
  readonly ports: { readonly cache: number; readonly pass: number } | undefined;
  readonly name: (what: string) => string;
  readonly seconds: () => number;
}

export async function measureBesideNginx(stage: Stage, say: Say): Promise<BenchRow[]> {
  await using cloud = await startCloud(stage);
  await using nginx = await startNginx({
    directory: stage.directory,
    tls: await stage.authority.certificateFor([address]),
    upstream: `http://${address}:${cloud.httpPort}`,
  });
  const { cachePort: cache, passPort: pass, seconds, name } = nginx;
  const peer: Peer = {
    ports: name === undefined ? { cache, pass } : undefined,
    name: (what) => name ?? `nginx, one worker, ${what}`,
    seconds,
  };
  return [
    ...(await measureStored(stage, cloud, { ...peer, say })),
    ...(await measurePassing(stage, cloud, peer)),
  ];
}

async function measureStored(
  stage: Stage,
  cloud: Ports,
  { say, ...peer }: Peer & { readonly say: Say },
): Promise<BenchRow[]> {
  const phones = await storedPhones(stage, 400);
  const box = await startBox(stage, { cloud, toml: 'kept_answers_only = true' });
  const stored: Load = { phones, requests: 25, isFresh: false, atOnce: 16 };
  const ours = await inPasses(stage, stored, {
    base: storedBase(box.httpsPort),
    ca: box.ca,
    seconds: box.seconds,
  });
  box.stop();
  const theirs =
    peer.ports &&
    (await inPasses(stage, stored, {
      base: `https://${address}:${peer.ports.cache}`,
      seconds: peer.seconds,
    }));
  say(
    `stored configurations, the first pass after a start: ours ${firstOf(ours)}, nginx ${theirs ? firstOf(theirs) : 'none'}`,
  );
  const peerName = peer.name('proxy_cache over TLS');
  return [
    row({ name: 'stored configuration', unit: 'requests/s', key: 'rate', peerName }, ours.best, theirs?.best),
    row({ name: 'stored configuration, p99', unit: 'ms', key: 'p99', peerName }, ours.best, theirs?.best),
    row(
      { name: 'stored configuration, processor', unit: 'ms a request', key: 'processorMs', peerName },
      ours.best,
      theirs?.best,
    ),
  ];
}

interface Passes {
  /** Node has compiled little of what it runs by then. */
  readonly first: Measured;
  /** Of the two after it. */
  readonly best: Measured;
}

/** Each phone has been answered once when the clock starts. */
async function inPasses(stage: Stage, stored: Load, asked: Asked): Promise<Passes> {
  await load(stage, { ...stored, ...asked, requests: 1 });
  const first = await load(stage, { ...stored, ...asked });
  const second = await load(stage, { ...stored, ...asked });
  const third = await load(stage, { ...stored, ...asked });
  return { first, best: second.rate > third.rate ? second : third };
}

const firstOf = ({ first: { rate, p99 } }: Passes) => `${round(rate)} requests/s, p99 ${round(p99)} ms`;

/** First stages in clear, as they come from phones that can't be given our authority: a connection each, one phone at a time. */
async function measurePassing(stage: Stage, cloud: Ports, peer: Peer): Promise<BenchRow[]> {
  const phones = await leasedPhones(stage, { vendor: 'audiocodes', count: 60 });
  const box = await startBox(stage, { cloud });
  const passing: Load = { phones, requests: 20, isFresh: true, atOnce: 1 };
  const through = async (port: number, { seconds, atOnce = 1 }: { seconds: () => number; atOnce?: number }) =>
    load(stage, { ...passing, base: `http://${address}:${port}`, seconds, atOnce });
  await through(box.httpPort, box);
  const direct = await through(cloud.httpPort, { seconds: () => 0 });
  const ours = await through(box.httpPort, box);
  const theirs = peer.ports && (await through(peer.ports.pass, peer));
  const crowd = await through(box.httpPort, { ...box, atOnce: 16 });
  const theirCrowd = peer.ports && (await through(peer.ports.pass, { ...peer, atOnce: 16 }));
  box.stop();
  const added = (result: Measured) => ({ ...result, p50: result.p50 - direct.p50 });
  const peerName = peer.name('proxy_pass without a cache, a connection for each request');
  return [
    row(
      { name: 'passed through, added at p50', unit: 'ms', key: 'p50', peerName },
      added(ours),
      theirs && added(theirs),
    ),
    row(
      { name: 'passed through, processor', unit: 'ms a request', key: 'processorMs', peerName },
      ours,
      theirs,
    ),
    row({ name: 'passed through, 16 phones', unit: 'requests/s', key: 'rate', peerName }, crowd, theirCrowd),
  ];
}

/** Yealink phones whose last configuration is in the box's store, as an earlier walk of each would have left it behind. */
export async function storedPhones(
  stage: Pick<Stage, 'directory'>,
  count: number,
): Promise<readonly BenchPhone[]> {
  const phones = await leasedPhones(stage, { vendor: 'yealink', count });
  using secrets = openSecrets(stage.directory, 'provisioning', systemClock);
  const answers = openAnswers({ secrets, clock: systemClock });
  const headers = [['Content-Type', bodies.yealink.type]] as const;
  const body = Buffer.from(bodies.yealink.text);
  await Promise.all(
    phones.map(async ({ mac, from }) => {
      const link = { host, path: `${folder(mac)}${mac.replaceAll(':', '')}.cfg` };
      await answers.own(mac, [link]);
      await answers.keep({ mac, ...link }, { at: 0, ip: from, stage: 3, status: 200, headers, body });
    }),
  );
  return phones;
}

export const storedBase = (httpsPort: number) => `https://${address}:${httpsPort}/${host}`;

function serve({ url }: IncomingMessage, response: ServerResponse): void {
  const { type, text } = url?.includes('mmiiaacc') === true ? bodies.yealink : bodies.audiocodes;
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** Answers everything with the same body: what is measured is the way there. */
export async function startCloud({ authority }: Stage): Promise<Ports & AsyncDisposable> {
  const http = createHttp(serve);
  const https = createHttps(await authority.certificateFor([host]), serve);
  return {
    httpPort: await listen(http),
    httpsPort: await listen(https),
    [Symbol.asyncDispose]: async () => {
      for (const server of [http, https]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}

interface Load {
  readonly phones: readonly BenchPhone[];
  readonly requests: number;
  readonly isFresh: boolean;
  readonly atOnce: number;
  readonly pauseMs?: number;
}

interface Asked {
  readonly base: string;
  /** PEM; the stage's authority where it is left out. */
  readonly ca?: string;
  /** Of its processor, so far. */
  readonly seconds: () => number;
}

/** What a phone of this vendor asks for. */
function pathOf({ vendor, mac }: BenchPhone): string {
  return `${vendor === 'yealink' ? folder(mac) : '/'}${mac.replaceAll(':', '')}.cfg`;
}

export async function load(
  stage: Stage,
  { phones, base, ca, seconds, ...rest }: Load & Asked,
): Promise<Measured> {
  const before = seconds();
  const result = await runClient(stage, {
    kind: 'load',
    phones: phones.map((phone) => ({ ...phone, url: base + pathOf(phone) })),
    ca: ca ?? stage.authority.ca,
    userAgent:
      phones[0]?.vendor === 'yealink'
        ? 'Yealink SIP-T46S 66.86.5.1'
        : 'AUDC/3.4.6.604 AUDC-IPPhone-C450HD_UC_3.4.6.604/1',
    ...rest,
  });
  if (result.failures > 0) throw new Error(`${base}: ${result.failures} requests failed`);
  return { ...result, processorMs: ((seconds() - before) * 1000) / (phones.length * rest.requests) };
}

export async function runClient({ directory }: Stage, settings: LoadSettings): Promise<LoadResult> {
  const file = join(directory, `${settings.kind}.json`);
  writeFileSync(file, JSON.stringify(settings));
  const program = join(import.meta.dirname, 'provisioning-client.ts');
  return JSON.parse(await run([process.execPath, program, file], { timeoutMs: 240_000 })) as LoadResult;
}

function row(
  {
    key,
    ...about
  }: { name: string; unit: string; key: 'rate' | 'p50' | 'p99' | 'processorMs'; peerName: string },
  ours: Measured,
  theirs: Measured | undefined,
): BenchRow {
  return benchRow({
    ...about,
    name: `Provisioning: ${about.name}`,
    ours: round(ours[key]),
    peer: theirs === undefined ? null : round(theirs[key]),
    better: key === 'rate' ? 'higher' : 'lower',
  });
}
