/**
 * SIP Gateway's provisioning service as far as it is known (undocumented; three stages, one-time accounts), over plain
 * HTTP on the region's host and HTTPS on a device-management host. Remembers what it was asked, byte for byte, and who
 * broke its rules.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import {
  cloudBody,
  polyMaster,
  type CloudAccount,
  type CloudBody,
  type CloudVendor,
} from './provisioning-bodies.ts';

export type { CloudAccount } from './provisioning-bodies.ts';

type Region = 'noam' | 'emea' | 'apac';

interface CloudOptions {
  readonly address: string;
  /** 0 takes any free port. */
  readonly httpPort: number;
  readonly httpsPort: number;
  /** PEM, for the device-management host's name. */
  readonly tls: { readonly key: string; readonly cert: string };
  readonly region?: Region;
  /** Domain of the accounts that phones get after sign-in. */
  readonly tenantDomain?: string;
  /** Called for each account as it is minted: a registrar learns it this way. */
  readonly onAccount?: (account: CloudAccount) => void;
}

export interface CloudRequest {
  readonly at: number;
  readonly secure: boolean;
  readonly method: string;
  readonly target: string;
  /** Name and value pairs in the order and case that came over the wire. */
  readonly headers: readonly (readonly [string, string])[];
  readonly from: string;
  status: number;
}

export interface ProvisioningCloud extends AsyncDisposable {
  readonly httpPort: number;
  readonly httpsPort: number;
  /** Host names that it answers to, first stage and later ones. */
  readonly firstHost: string;
  readonly laterHost: string;
  readonly requests: readonly CloudRequest[];
  readonly accounts: readonly CloudAccount[];
  /** Sentences: a one-time request repeated, a host or User-Agent that does not fit. Empty after a good walk. */
  readonly violations: readonly string[];
  /** The user of this phone has signed in: the next poll gives the final account. MAC in any spelling. */
  signIn(mac: string, user: string): void;
  /** From here on answers with a new account, minted at once, leave only when the returned function is called. */
  hold(): () => void;
}

interface Phone {
  readonly mac: string;
  /** One-time name of the second stage. */
  hash?: string;
  isSpent: boolean;
  /** Names the phone's state once an account was minted. */
  token?: string;
  account?: CloudAccount;
  signedIn?: string;
}

/** Gate of the service: vendor by User-Agent, and the phone's MAC where the vendor puts it in. */
const gates: readonly { vendor: CloudVendor; userAgent: RegExp }[] = [
  { vendor: 'yealink', userAgent: /^yealink +(?:SIP-)?T\w+ +\d+\.(?:8[3-9]|9\d)\.\d+\.\d+/i },
  { vendor: 'poly', userAgent: /^FileTransport Poly(?:comVVX|Edge|CCX|Trio)\S*\/[56789]\./ },
  { vendor: 'cisco', userAgent: /^Cisco-CP-\w+-3PCC\/1[12]\.[\d.]+ \([0-9a-f]{12}\)/ },
  { vendor: 'snom', userAgent: /^Mozilla\/4\.0 \(compatible; snomD7(?:17|35)-SIP 10\./ },
  { vendor: 'audiocodes', userAgent: /^AUDC(?:-IPPhone)?\// },
  { vendor: 'ale', userAgent: /^ALE M[3578]/ },
];

const laterHosts: Record<Region, string> = {
  noam: 'uswe.dm.sdg.teams.microsoft.com',
  emea: 'usea.dm.sdg.teams.microsoft.com',
  apac: 'ause.dm.sdg.teams.microsoft.com',
};

export async function startProvisioningCloud(options: CloudOptions): Promise<ProvisioningCloud> {
  const { region = 'emea', address } = options;
  const phones = new Map<string, Phone>();
  const state: State = {
    options,
    region,
    firstHost: `${region}.ipp.sdg.teams.microsoft.com`,
    laterHost: laterHosts[region],
    phones,
    named: new Map(),
    requests: [],
    accounts: [],
    violations: [],
  };
  const http = createHttp(serve(state, false));
  const https = createHttps(options.tls, serve(state, true));
  const [httpPort, httpsPort] = await Promise.all([
    listen(http, address, options.httpPort),
    listen(https, address, options.httpsPort),
  ]);
  return {
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.held = promise;
      return () => {
        state.held = undefined;
        resolve();
      };
    },
    httpPort,
    httpsPort,
    firstHost: state.firstHost,
    laterHost: state.laterHost,
    requests: state.requests,
    accounts: state.accounts,
    violations: state.violations,
    signIn: (mac, user) => {
      phoneOf(state, plainMac(mac)).signedIn = user;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([close(http), close(https)]);
    },
  };
}

interface State {
  readonly options: CloudOptions;
  readonly region: Region;
  readonly firstHost: string;
  readonly laterHost: string;
  readonly phones: Map<string, Phone>;
  /** By the names in its paths, of the second stage and of the third. */
  readonly named: Map<string, Phone>;
  readonly requests: CloudRequest[];
  readonly accounts: CloudAccount[];
  readonly violations: string[];
  held?: Promise<void> | undefined;
}

interface Answer {
  readonly status: number;
  readonly body?: CloudBody;
  readonly isMinted?: boolean;
}

const notFound: Answer = { status: 404 };

function serve(state: State, secure: boolean): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    request.resume();
    const entry: CloudRequest = {
      at: Date.now(),
      secure,
      method: request.method ?? '',
      target: request.url ?? '',
      headers: pairs(request.rawHeaders),
      from: request.socket.remoteAddress ?? '',
      status: 0,
    };
    state.requests.push(entry);
    const { status, body, isMinted = false } = answer(state, request, secure);
    entry.status = status;
    const text = Buffer.from(body?.text ?? '', 'utf8');
    response.writeHead(status, {
      'Content-Type': body?.type ?? 'text/plain',
      'Content-Length': text.length,
      'X-Ms-Correlation-Id': randomBytes(8).toString('hex'),
    });
    if (!isMinted || state.held === undefined) response.end(text);
    else void state.held.then(() => response.end(text));
  };
}

function answer(state: State, request: IncomingMessage, secure: boolean): Answer {
  const expected = secure ? state.laterHost : state.firstHost;
  const host = request.headers.host?.replace(/:\d+$/, '') ?? '';
  if (host !== expected) return violation(state, 421, `asked for host "${host}" where "${expected}" answers`);
  if (request.method !== 'GET') return violation(state, 405, `${request.method} is not GET`);
  const userAgent = request.headers['user-agent'] ?? '';
  const gate = gates.find((row) => row.userAgent.test(userAgent));
  if (gate === undefined) return violation(state, 403, `User-Agent "${userAgent}" is not taken`);
  const target = request.url ?? '';
  return secure
    ? laterStage(state, gate.vendor, { target, userAgent })
    : firstStage(state, gate.vendor, { target, userAgent });
}

interface Asked {
  readonly target: string;
  readonly userAgent: string;
}

/** `/<mac12>.cfg` or the vendor's own name for it, after tenant and language. */
function firstStage(state: State, vendor: CloudVendor, { target, userAgent }: Asked): Answer {
  const file = target.replace(/^\/(?:tenantid\/[0-9a-f-]{36}\/)?(?:lang_\w\w\/)?/, '');
  const kind = fileKind(vendor, file);
  if (kind === 'master') return { status: 200, body: polyMaster };
  const mac = macIn(file) ?? macIn(userAgent);
  if (kind !== 'phone' || mac === undefined) return notFound;
  const phone = phoneOf(state, mac);
  // Assumed: phones ask their first stage at every start, and nobody signs in anew after each power cut.
  if (phone.account?.kind === 'final')
    return { status: 200, body: cloudBody(vendor, stateUrl(state, phone)) };
  if (phone.hash !== undefined) state.named.delete(phone.hash);
  phone.hash = randomBytes(16).toString('hex');
  state.named.set(phone.hash, phone);
  phone.isSpent = false;
  return {
    status: 200,
    body: cloudBody(vendor, `https://${state.laterHost}/device/ob/${phone.hash}/lang_en/`),
  };
}

function laterStage(state: State, vendor: CloudVendor, { target, userAgent }: Asked): Answer {
  const onboarding = /^\/device\/ob\/([0-9a-f]+)\/lang_\w\w\/(.*)$/.exec(target);
  const polling = /^\/device\/(?:state\/OnBoarding\/)?mmiiaacc\/([0-9a-f]+)\/lang_\w\w\/(.*)$/.exec(target);
  const [, name = '', file = ''] = onboarding ?? polling ?? [];
  const phone = state.named.get(name);
  if (phone === undefined || name !== (onboarding ? phone.hash : phone.token))
    return violation(state, 404, `no phone has this one-time path`);
  const kind = file === '' ? 'phone' : fileKind(vendor, file);
  if (kind === 'master') return { status: 200, body: polyMaster };
  if (kind !== 'phone') return notFound;
  const mac = macIn(file) ?? macIn(userAgent);
  if (mac !== undefined && mac !== phone.mac)
    return violation(state, 403, `${mac} asked with the path of ${phone.mac}`);
  if (onboarding && phone.isSpent) return violation(state, 410, `${phone.mac} repeated a one-time request`);
  return onboarding
    ? { status: 200, body: mint(state, vendor, phone), isMinted: true }
    : { status: 200, body: poll(state, vendor, phone) };
}

function mint(state: State, vendor: CloudVendor, phone: Phone): CloudBody {
  phone.isSpent = true;
  phone.token = `${phone.mac}${randomBytes(12).toString('hex')}`;
  state.named.set(phone.token, phone);
  phone.account = newAccount(state, {
    mac: phone.mac,
    user: `${phone.mac}${randomBytes(3).toString('hex')}`,
    domain: 'onboarding.org',
    registrar: `obsbc-${state.region}.sdg.teams.microsoft.com`,
    kind: 'onboarding',
  });
  return cloudBody(vendor, stateUrl(state, phone), phone.account);
}

function poll(state: State, vendor: CloudVendor, phone: Phone): CloudBody {
  if (phone.signedIn !== undefined && phone.account?.kind !== 'final') {
    phone.account = newAccount(state, {
      mac: phone.mac,
      user: phone.signedIn,
      domain: state.options.tenantDomain ?? 'contoso.com',
      registrar: `mainsbc-${state.region}.sdg.teams.microsoft.com`,
      kind: 'final',
    });
  }
  return cloudBody(vendor, stateUrl(state, phone), phone.account);
}

function stateUrl(state: State, phone: Phone): string {
  const folder = phone.account?.kind === 'final' ? 'mmiiaacc' : 'state/OnBoarding/mmiiaacc';
  return `https://${state.laterHost}/device/${folder}/${phone.token}/lang_en/`;
}

function newAccount(state: State, account: Omit<CloudAccount, 'password'>): CloudAccount {
  const minted = { ...account, password: randomBytes(18).toString('base64url') };
  state.accounts.push(minted);
  state.options.onAccount?.(minted);
  return minted;
}

/** What a file name means to this vendor: the phone's own configuration, Poly's master, or nothing that is here. */
function fileKind(vendor: CloudVendor, file: string): 'phone' | 'master' | 'none' {
  const phone: Record<CloudVendor, RegExp> = {
    yealink: /^[0-9a-f]{12}\.cfg$/,
    poly: /^[0-9a-f]{12}-sdg\.cfg$/,
    cisco: /^(?:[\w-]+\.xml)?$/,
    snom: /^snom\w+-[0-9A-F]{12}\.htm$/,
    audiocodes: /^[0-9A-Fa-f]{12}\.cfg$/,
    ale: /^config\.[0-9a-f]{12}\.xml$/,
  };
  if (vendor === 'poly' && file === '000000000000.cfg') return 'master';
  return phone[vendor].test(file) && !file.startsWith('000000000000') ? 'phone' : 'none';
}

function macIn(text: string): string | undefined {
  const found =
    /(?<![0-9a-f])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![0-9a-f:])|(?<![0-9a-fy])[0-9a-f]{12}(?![0-9a-f])/i.exec(
      text,
    );
  return found ? plainMac(found[0]) : undefined;
}

function plainMac(text: string): string {
  return text.replaceAll(/[:.-]/g, '').toLowerCase();
}

function phoneOf(state: State, mac: string): Phone {
  const phone = state.phones.get(mac) ?? { mac, isSpent: false };
  state.phones.set(mac, phone);
  return phone;
}

function violation(state: State, status: number, sentence: string): Answer {
  state.violations.push(sentence);
  return { status };
}

function pairs(raw: readonly string[]): (readonly [string, string])[] {
  return Array.from(
    { length: raw.length / 2 },
    (_, at) => [raw[at * 2] ?? '', raw[at * 2 + 1] ?? ''] as const,
  );
}

async function listen(server: Server, address: string, port: number): Promise<number> {
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  return bound.port;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
