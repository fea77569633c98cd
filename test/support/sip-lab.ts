/**
 * A small site for calls: a box between phones on its LAN and a cloud with a registrar, each in a namespace of its own.
 * LAN 10.66.0.0/24 (box .1, phones from .101), WAN 192.0.2.0/24 (box .2), cloud 203.0.113.0/24 (registrar .20, a phone out there .50).
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureAuthority, serverIdentity } from '../../appliance/net/authority.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { readBindings, type Binding } from '../../appliance/store/bindings.ts';
import { readCalls, type Call } from '../../appliance/store/calls.ts';
import { readQuality, type QualityRecord } from '../../appliance/store/media-quality.ts';
import { systemClock } from '../../appliance/world.ts';
import { startBaresip, type Baresip, type BaresipOptions } from './baresip.ts';
import { run, until, words, type Running } from './command.ts';
import { startDns } from './dns.ts';
import { startKamailio, type Kamailio, type KamailioOptions } from './kamailio.ts';
import { openLab, type Lab, type Namespace } from './namespaces.ts';

export const registrar = 'mainsbc-emea.sdg.teams.microsoft.com';
export const accounts = [
  { user: '1001', password: 'correct-horse-1' },
  { user: '1002', password: 'battery-staple-2' },
  { user: '4930555', password: 'out-there-3' },
];

export interface SipLab extends AsyncDisposable {
  readonly lab: Lab;
  /** State directory of the box. */
  readonly state: string;
  readonly box: Namespace;
  readonly cloud: Namespace;
  readonly remote: Namespace;
  readonly phones: readonly Namespace[];
  readonly kamailio: Kamailio;
  /** Settings more than those that every site here has. */
  startBox(parts: readonly string[], settings?: string): Promise<Running>;
  /** A phone on the LAN, registering through the box. */
  startPhone(at: number, options?: Partial<BaresipOptions>): Promise<Baresip>;
  /** A phone in the cloud, registered with the registrar itself. */
  startRemote(options?: Partial<BaresipOptions>): Promise<Baresip>;
  bindings(): Binding[];
  calls(): Call[];
  /** Nothing passes between box and cloud any more, and nobody is told. */
  cutWan(): Promise<void>;
  restoreWan(): Promise<void>;
  /** How the speech of a call sounded. */
  quality(call: string): QualityRecord | undefined;
}

export async function openSipLab(options: {
  phones: number;
  kamailio?: Partial<KamailioOptions>;
}): Promise<SipLab> {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(openLab());
  const box = await lab.namespace('box', { nameserver: '203.0.113.53' });
  const cloud = await lab.namespace('cloud');
  const remote = await lab.namespace('remote');
  const phones = await wireUp(lab, { box, cloud, remote, phones: options.phones });
  const dns = {
    address: '203.0.113.53',
    names: { [registrar]: '203.0.113.20' },
    logFile: join(lab.directory, 'dns.log'),
  };
  stack.use(await startDns(cloud, dns));
  const certificate = await registrarCertificate(lab.directory);
  const kamailio = stack.use(
    await startKamailio({
      start: (command, more) => cloud.start(command, more),
      directory: join(lab.directory, 'kamailio'),
      address: '203.0.113.20',
      domain: registrar,
      certificate,
      accounts,
      ...options.kamailio,
    }),
  );
  const state = join(lab.directory, 'state');
  mkdirSync(state);
  // As systemd's RuntimeDirectory=: gone with the power, but not with a process.
  const memory = mkdtempSync('/dev/shm/gatehouse-');
  stack.defer(() => rmSync(memory, { recursive: true, force: true }));
  await ensureAuthority(state, '10.66.0.1', systemClock);
  writeFileSync(join(lab.directory, 'site-ca.pem'), serverIdentity(state, '10.66.0.1').ca);
  const common = { domain: registrar, transport: 'tls' } as const;
  const reading = <T>(read: (db: NonNullable<ReturnType<typeof openReader>>['db']) => T[]): T[] => {
    using reader = openReader(state, 'sip');
    return reader === undefined ? [] : read(reader.db);
  };
  const owned = stack.move();
  return {
    lab,
    state,
    box,
    cloud,
    remote,
    phones,
    kamailio,
    startBox: async (parts, settings = '') => await startBox({ lab, box, state, memory }, parts, settings),
    startPhone: async (at, more = {}) => {
      const namespace = phones[at];
      const account = accounts[at];
      if (namespace === undefined || account === undefined) throw new Error(`no phone ${at}`);
      const phone = await startBaresip({
        start: (command, rest) => namespace.start(command, rest),
        directory: join(lab.directory, `phone-${at}`),
        ...account,
        ...common,
        outbound: 'sip:10.66.0.1:5061;transport=tls',
        caFile: join(lab.directory, 'site-ca.pem'),
        ...more,
      });
      owned.use(phone);
      return phone;
    },
    startRemote: async (more = {}) => {
      const account = accounts[2];
      if (account === undefined) throw new Error('no account');
      const phone = await startBaresip({
        start: (command, rest) => remote.start(command, rest),
        directory: join(lab.directory, 'remote'),
        ...account,
        ...common,
        outbound: 'sip:203.0.113.20:5061;transport=tls',
        caFile: join(lab.directory, 'registrar.pem'),
        ...more,
      });
      owned.use(phone);
      return phone;
    },
    bindings: () => reading(readBindings),
    cutWan: async () => {
      const rules = [
        'table inet cut {',
        chain('in', 'prerouting priority -300; iifname "box"'),
        chain('out', 'postrouting priority 300; oifname "box"'),
        '}',
      ];
      await cloud.exec(['nft', '-f', '-'], { input: rules.join('\n') });
    },
    restoreWan: async () => {
      await cloud.exec(['nft', 'delete', 'table', 'inet', 'cut']);
    },
    calls: () => reading((db) => readCalls(db, 100)),
    quality: (call) => readQuality(state, [call])[0],
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const chain = (name: string, rest: string) => `chain ${name} { type filter hook ${rest} drop; }`;

const ip = async (namespace: Namespace, command: string) => await namespace.exec(['ip', ...words(command)]);

async function wireUp(
  lab: Lab,
  { box, cloud, remote, phones }: { box: Namespace; cloud: Namespace; remote: Namespace; phones: number },
): Promise<Namespace[]> {
  await lab.wire({ namespace: box, card: 'wan' }, { namespace: cloud, card: 'box' });
  await ip(box, 'addr add 192.0.2.2/24 dev wan');
  await ip(box, 'link set wan up');
  await ip(box, 'link add lan type bridge');
  await ip(box, 'addr add 10.66.0.1/24 dev lan');
  await ip(box, 'link set lan up');
  await ip(box, 'route add default via 192.0.2.1');
  await ip(cloud, 'addr add 192.0.2.1/24 dev box');
  await ip(cloud, 'link set box up');
  for (const host of [20, 53]) await ip(cloud, `addr add 203.0.113.${host}/32 dev lo`);
  await lab.wire({ namespace: cloud, card: 'out' }, { namespace: remote, card: 'eth0' });
  await ip(cloud, 'addr add 203.0.113.1/24 dev out');
  await ip(cloud, 'link set out up');
  await cloud.exec(['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
  await ip(remote, 'addr add 203.0.113.50/24 dev eth0');
  await ip(remote, 'link set eth0 up');
  await ip(remote, 'route add default via 203.0.113.1');
  const made: Namespace[] = [];
  for (let at = 0; at < phones; at += 1) {
    const phone = await lab.namespace(`phone${at}`);
    await lab.wire({ namespace: box, card: `p${at}` }, { namespace: phone, card: 'eth0' });
    await ip(box, `link set p${at} master lan up`);
    await ip(phone, `addr add 10.66.0.${101 + at}/24 dev eth0`);
    await ip(phone, 'link set eth0 up');
    made.push(phone);
  }
  return made;
}

async function registrarCertificate(directory: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(directory, 'registrar.pem'), join(directory, 'registrar.key')];
  await run([
    ...words('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'),
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    `/CN=${registrar}`,
    '-addext',
    `subjectAltName=DNS:${registrar},IP:203.0.113.20`,
  ]);
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

async function startBox(
  { lab, box, state, memory }: { lab: Lab; box: Namespace; state: string; memory: string },
  parts: readonly string[],
  settings: string,
): Promise<Running> {
  const file = join(lab.directory, 'gatehouse.toml');
  const ca = join(lab.directory, 'registrar.pem');
  writeFileSync(
    file,
    `[site]\naddress = "10.66.0.1"\nstate_directory = "${state}"\nextra_ca_file = "${ca}"\n${settings}`,
  );
  const main = join(import.meta.dirname, '../../appliance/main.ts');
  const running = box.start([process.execPath, main, 'run', ...parts, '--config', file], {
    environment: { ...process.env, RUNTIME_DIRECTORY: memory },
    logFile: join(lab.directory, `box-${parts.join('-')}.log`),
  });
  const listens = async () => {
    if (running.hasExited()) throw new Error(`the box ended: ${running.lastWords()}`);
    if (!parts.includes('sip')) return existsSync(join(state, 'rtp', 'rtp.sock')) || undefined;
    return (await box.exec(['ss', '-Hlnt', 'sport = :5061'])).includes('10.66.0.1') || undefined;
  };
  await until('the box to listen', listens, { timeoutMs: 20_000, lastSeen: running.lastWords });
  return running;
}
