/** Configurations from the store and passed through, beside nginx as a caching proxy; and a thousand phones at once. */
import { once } from 'node:events';
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openAnswers } from '../../appliance/provisioning/answers.ts';
import { serverIdentity } from '../../appliance/net/authority.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { systemClock } from '../../appliance/world.ts';
import { cloudBody } from '../cloud/provisioning-bodies.ts';
import { newCloudAuthority, type CloudAuthority } from '../cloud/certificates.ts';
import { startProvisioningCloud } from '../cloud/provisioning.ts';
import { run } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { lease } from '../support/lease.ts';
import { startNginx } from './nginx.ts';
import type { BenchPhone, LoadResult, LoadSettings } from './provisioning-client.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const address = '127.0.0.1';
const host = 'usea.dm.sdg.teams.microsoft.com';
const folder = (mac: string) => `/device/mmiiaacc/${mac.replaceAll(':', '')}0123456789ab/lang_en/`;
const bodies = {
  yealink: cloudBody('yealink', `https://${host}/device/`),
  audiocodes: cloudBody('audiocodes', ''),
};

interface Stage {
  readonly directory: string;
  readonly authority: CloudAuthority;
  readonly caFile: string;
}

export async function measureProvisioning(say: (line: string) => void): Promise<BenchRow[]> {
  const authority = await newCloudAuthority();
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, authority.ca);
  try {
    const stage = { directory, authority, caFile };
    return [...(await measureBesideNginx(stage)), ...(await measureBoot(stage, say))];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureBesideNginx(stage: Stage): Promise<BenchRow[]> {
  await using cloud = await startCloud(stage);
  await using nginx = await startNginx({
    directory: stage.directory,
    tls: await stage.authority.certificateFor([address]),
    upstream: `http://${address}:${cloud.httpPort}`,
  });
  const phones = await leased(stage, { vendor: 'yealink', count: 400 });
  const kept = await startBox(stage, { cloud, toml: 'kept_answers_only = true', fill: phones });
  const stored: Load = { phones, requests: 25, isFresh: false, atOnce: 16 };
  const ofOurs = await load(stage, {
    ...stored,
    base: `https://${address}:${kept.httpsPort}/${host}`,
    ca: kept.ca,
  });
  kept.stop();
  const base = `https://${address}:${nginx.cachePort}`;
  await load(stage, { ...stored, base, requests: 1 });
  const ofNginx = nginx.name === undefined ? await load(stage, { ...stored, base }) : undefined;
  const peerName = nginx.name ?? 'nginx, one worker, proxy_cache over TLS';
  const rows = [
    row({ name: 'stored configuration', unit: 'requests/s', key: 'rate', peerName }, ofOurs, ofNginx),
    row({ name: 'stored configuration, p99', unit: 'ms', key: 'p99', peerName }, ofOurs, ofNginx),
  ];
  return [
    ...rows,
    ...(await measurePassing(stage, { cloud, nginx: nginx.name === undefined ? nginx.passPort : undefined })),
  ];
}

/** First stages in clear, as they come from phones that can't be given our authority: a connection each, one phone at a time. */
async function measurePassing(
  stage: Stage,
  { cloud, nginx }: { cloud: Cloud; nginx: number | undefined },
): Promise<BenchRow[]> {
  const phones = await leased(stage, { vendor: 'audiocodes', count: 60 });
  const box = await startBox(stage, { cloud });
  const passing: Load = { phones, requests: 20, isFresh: true, atOnce: 1 };
  const through = async (port: number) => load(stage, { ...passing, base: `http://${address}:${port}` });
  const direct = await through(cloud.httpPort);
  const ours = await through(box.httpPort);
  const theirs = nginx === undefined ? undefined : await through(nginx);
  const crowd = await load(stage, { ...passing, base: `http://${address}:${box.httpPort}`, atOnce: 16 });
  box.stop();
  const added = (result: LoadResult) => ({ ...result, p50: result.p50 - direct.p50 });
  const peerName = 'nginx, one worker, proxy_pass without a cache, a connection for each request';
  return [
    row(
      { name: 'passed through, added at p50', unit: 'ms', key: 'p50', peerName },
      added(ours),
      theirs && added(theirs),
    ),
    row(
      { name: 'passed through, 16 phones', unit: 'requests/s', key: 'rate', peerName: 'not measured' },
      crowd,
      undefined,
    ),
  ];
}

const makes = [
  { vendor: 'yealink', path: '/' },
  { vendor: 'poly', path: '/' },
  { vendor: 'cisco', path: '/$PSN.xml' },
  { vendor: 'snom', path: '/' },
  { vendor: 'audiocodes', path: '/' },
] as const;

/** From power-on to an account, all at the same time, against a cloud that refuses any repeated one-time request. */
async function measureBoot(stage: Stage, say: (line: string) => void): Promise<BenchRow[]> {
  const directory = join(stage.directory, 'boot');
  const tls = await stage.authority.certificateFor([host]);
  await using cloud = await startProvisioningCloud({ address, httpPort: 0, httpsPort: 0, tls });
  const sets = await Promise.all(
    makes.map(async ({ vendor }) => leased({ ...stage, directory }, { vendor, count: 200 })),
  );
  const box = await startBox({ ...stage, directory }, { cloud, toml: 'allow_cleartext = ["audiocodes"]' });
  const phones = sets.flatMap((set, at) =>
    set.map((phone) => ({ ...phone, url: `http://${address}:${box.httpPort}${makes[at]?.path}` })),
  );
  const result = await client(stage, {
    kind: 'boot',
    phones,
    ca: '',
    userAgent: '',
    requests: 0,
    isFresh: true,
    atOnce: phones.length,
  });
  box.stop();
  const violations = new Set(cloud.violations.map((text) => text.replaceAll(/[0-9a-f]{12}/g, '…')));
  if (violations.size > 0) say(`the cloud complained: ${[...violations].join('; ')}`);
  say(`${phones.length} phones: ${cloud.accounts.length} accounts, ${result.failures} tries in vain`);
  return [
    benchRow({
      name: '1,000 phones of five vendors configured',
      ours: round(result.seconds),
      peer: null,
      peerName: 'none: a cache can not give out one-time accounts',
      unit: 's',
      better: 'lower',
    }),
  ];
}

interface Cloud {
  readonly httpPort: number;
  readonly httpsPort: number;
}

function serve({ url }: IncomingMessage, response: ServerResponse): void {
  const { type, text } = url?.includes('mmiiaacc') === true ? bodies.yealink : bodies.audiocodes;
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) }).end(text);
}

/** Answers everything with the same body: what is measured is the way there. */
async function startCloud({ authority }: Stage): Promise<Cloud & AsyncDisposable> {
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

interface Box extends Cloud {
  /** PEM of the site's authority. */
  readonly ca: string;
  readonly stop: () => void;
}

async function startBox(
  { directory, caFile }: Stage,
  { cloud, toml, fill = [] }: { cloud: Cloud; toml?: string; fill?: readonly BenchPhone[] },
): Promise<Box> {
  if (fill.length > 0) await fillStore(directory, fill);
  const settings = {
    directory,
    caFile,
    httpPort: await freePort(),
    httpsPort: await freePort(),
    cloudHttpPort: cloud.httpPort,
    cloudHttpsPort: cloud.httpsPort,
    toml,
    // As the settings have it when they say nothing.
    upstreamTimeoutSeconds: 20,
  };
  const child = fork(
    join(import.meta.dirname, '../support/provisioning-process.ts'),
    [JSON.stringify(settings)],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  const [ports] = (await once(child, 'message')) as [Cloud];
  return { ...ports, ca: serverIdentity(directory).ca, stop: () => child.kill('SIGKILL') };
}

/** What an earlier walk of each phone would have left behind. */
async function fillStore(directory: string, phones: readonly BenchPhone[]): Promise<void> {
  using secrets = openSecrets(directory, 'provisioning', systemClock);
  const answers = openAnswers({ secrets, clock: systemClock });
  for (const { mac, from } of phones) {
    const headers = [['Content-Type', bodies.yealink.type]] as const;
    const body = Buffer.from(bodies.yealink.text);
    await answers.keep(
      { mac, host, path: `${folder(mac)}${mac.replaceAll(':', '')}.cfg` },
      { at: 0, ip: from, stage: 3, status: 200, headers, body },
    );
  }
}

const ouis = {
  yealink: '00:15:65',
  poly: '00:04:f2',
  cisco: '00:56:2b',
  snom: '00:04:13',
  audiocodes: '00:90:8f',
  ale: '3c:28:a6',
};

/** Phones with a lease of ours each, at addresses of their own. */
async function leased(
  { directory }: Stage,
  { vendor, count }: { vendor: BenchPhone['vendor']; count: number },
): Promise<BenchPhone[]> {
  const net = 10 + Object.keys(ouis).indexOf(vendor);
  const phones = Array.from({ length: count }, (_, at) => {
    const [high, low] = [at >> 7, (at & 127) + 1];
    const ending = [0xbb, high, low].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
    return { vendor, mac: `${ouis[vendor]}:${ending}`, from: `127.${net}.${high}.${low}`, url: '' };
  });
  for (const { from, mac } of phones) await lease(directory, from, mac);
  return phones;
}

interface Load {
  readonly phones: readonly BenchPhone[];
  readonly requests: number;
  readonly isFresh: boolean;
  readonly atOnce: number;
}

/** What a phone of this vendor asks for. */
function pathOf({ vendor, mac }: BenchPhone): string {
  return `${vendor === 'yealink' ? folder(mac) : '/'}${mac.replaceAll(':', '')}.cfg`;
}

async function load(
  stage: Stage,
  { phones, base, ca, ...rest }: Load & { base: string; ca?: string },
): Promise<LoadResult> {
  const result = await client(stage, {
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
  return result;
}

async function client({ directory }: Stage, settings: LoadSettings): Promise<LoadResult> {
  const file = join(directory, 'load.json');
  writeFileSync(file, JSON.stringify(settings));
  const program = join(import.meta.dirname, 'provisioning-client.ts');
  return JSON.parse(await run([process.execPath, program, file], { timeoutMs: 120_000 })) as LoadResult;
}

function row(
  { key, ...about }: { name: string; unit: string; key: 'rate' | 'p50' | 'p99'; peerName: string },
  ours: LoadResult,
  theirs: LoadResult | undefined,
): BenchRow {
  return benchRow({
    ...about,
    name: `Provisioning: ${about.name}`,
    ours: round(ours[key]),
    peer: theirs === undefined ? null : round(theirs[key]),
    better: key === 'rate' ? 'higher' : 'lower',
  });
}
