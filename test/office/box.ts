/** Gatehouse itself in the pretend office: its settings, its process without root, its command line and page. */
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { until, words, type Running } from '../support/command.ts';
import { snmpUser } from '../support/switch.ts';
import { journalHost, plan, siteName, type Network } from './network.ts';

export interface Box extends AsyncDisposable {
  readonly directory: string;
  readonly logFile: string;
  readonly stateDirectory: string;
  start(): Promise<void>;
  /** In good order, as an update does. */
  stop(): Promise<void>;
  /** As a power cut would, for the processes: no goodbye. */
  killHard(): Promise<void>;
  isRunning(): boolean;
  /** `gatehouse <words> --json`, from its own network. */
  cli(command: string): Promise<unknown>;
  /** What `gatehouse` prints of these words, from its own network. */
  print(command: string): Promise<string>;
  /** What root's side does on a box: orders of its page that wait. */
  carryOutOrders(): Promise<void>;
  /** A GET of the page's API over its Unix socket; the body as text. */
  page(path: string): Promise<string>;
  /** Gives the page an address on this machine's loopback; the URL. */
  openPage(port: number): Promise<string>;
}

export interface BoxSettings {
  readonly cloudCaFile: string;
  readonly cloudToken: string;
  /** More lines of the table `[dhcp]`. */
  readonly dhcp?: string;
  readonly leaseSeconds?: number;
  /** First and last address for phones. */
  readonly pool?: readonly [string, string];
  /** More tables of the settings. */
  readonly tables?: string;
  /** Only these parts run; all otherwise. The page is how one sees that they do. */
  readonly parts?: readonly ['web', ...string[]];
}

/** nobody: what the box needs beyond a user's rights is given by name. */
const user = 65_534;
const root = resolve(import.meta.dirname, '../..');

export function prepareBox(network: Network, settings: BoxSettings): Box {
  const directory = join(network.lab.directory, 'box');
  const file = (name: string) => join(directory, name);
  const socket = file('page.sock');
  layOut(network, directory, settings);
  let running: Running | undefined;
  let page: Server | undefined;
  const print = async (command: string) => {
    const program = [file('node'), 'appliance/main.ts', ...words(command)];
    const call = [file('enter'), ...program, '--config', file('gatehouse.toml')];
    return await network.box.exec(call, { anyExitCode: true });
  };
  return {
    directory,
    logFile: file('box.log'),
    stateDirectory: file('state'),
    start: async () => {
      const program = [
        'systemd/with-sockets',
        'dhcp=eth0:udp:67',
        'dhcp-client=eth0:udp:68',
        '--',
        file('node'),
        'appliance/main.ts',
        'run',
        ...(settings.parts ?? []),
      ];
      running = network.box.start([file('enter'), ...program, '--config', file('gatehouse.toml')], {
        logFile: file('box.log'),
      });
      await untilAnswering(running, socket);
    },
    stop: async () => {
      running?.kill('SIGTERM');
      await running?.exited;
    },
    killHard: async () => {
      running?.kill('SIGKILL');
      await running?.exited;
    },
    isRunning: () => running !== undefined && !running.hasExited(),
    cli: async (command) => JSON.parse(await print(`${command} --json`)) as unknown,
    print,
    carryOutOrders: async () => {
      if (existsSync(file('state/web/orders-wait'))) await print('orders');
    },
    page: (path) => getOverSocket(socket, path),
    openPage: async (port) => {
      page = await forwardLoopback(port, socket);
      return `http://127.0.0.1:${(page.address() as AddressInfo).port}/`;
    },
    [Symbol.asyncDispose]: async () => {
      page?.close();
      await running?.[Symbol.asyncDispose]();
    },
  };
}

function layOut(network: Network, directory: string, settings: BoxSettings): void {
  const file = (name: string) => join(directory, name);
  for (const path of [directory, file('state')]) {
    mkdirSync(path);
    chownSync(path, user, user);
  }
  mkdirSync(file('program'));
  writeFileSync(file('node'), '');
  writeFileSync(file('enter'), enterScript(directory));
  chmodSync(file('enter'), 0o755);
  copyFileSync(network.switch.secretFile, file('snmp-secret'));
  writeFileSync(file('cloud-token'), `${settings.cloudToken}\n`);
  for (const secret of ['snmp-secret', 'cloud-token']) {
    chmodSync(file(secret), 0o600);
    chownSync(file(secret), user, user);
  }
  writeFileSync(file('gatehouse.toml'), toml(network, directory, settings));
}

/**
 * Runs a program as the box's user. The tree and node are shown to it at a place that it may enter: a clone in root's
 * home would be closed to it. `net_raw` is for tcpdump, which hears the switch's LLDP.
 */
function enterScript(directory: string): string {
  return `#!/bin/sh
set -e
mount --bind '${root}' '${directory}/program'
mount --bind '${process.execPath}' '${directory}/node'
cd '${directory}/program'
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME='${directory}' \
  setpriv --reuid ${user} --regid ${user} --clear-groups --no-new-privs \
  --bounding-set -all,+net_raw --inh-caps -all,+net_raw --ambient-caps -all,+net_raw --pdeathsig KILL -- "$@"
`;
}

/** A TOML string: JSON's escapes are all known to TOML. */
const text = (value: string) => JSON.stringify(value);

function toml({ switch: lan }: Network, directory: string, settings: BoxSettings): string {
  const { cloudCaFile, dhcp = '', leaseSeconds = 3600, pool = plan.pool, tables = '' } = settings;
  const place = (port: number) => `
[[location.wiremap]]
place = ${text(placeOfPort(port))}
chassis = ${text(lan.chassis)}
port = "port${port}"
`;
  return `[site]
name = ${text(siteName)}
region = "emea"
time_zone = "America/New_York"
address = "${plan.box}"
state_directory = ${text(join(directory, 'state'))}
extra_ca_file = ${text(cloudCaFile)}

[dhcp]
mode = "server"
interface = "eth0"
subnet = "${plan.subnet}"
pool = ${JSON.stringify(pool)}
lease_seconds = ${leaseSeconds}
${dhcp}
[sip]
# Short, so that whoever watches a phone come back after an outage does not wait for long.
local_expires_tcp_seconds = 20

[rtp]
cloud_networks = ["${plan.calleeNetwork}"]

[location]
interface = "eth0"
poll_seconds = 2

[[location.switch]]
name = ${text(lan.name)}
address = "${lan.address}"
user = "${snmpUser}"
secret_file = ${text(join(directory, 'snmp-secret'))}
${Array.from({ length: plan.ports }, (_, at) => place(at + 1)).join('')}
[cloud]
url = "https://${journalHost}/"
token_file = ${text(join(directory, 'cloud-token'))}

[web]
socket = ${text(join(directory, 'page.sock'))}
${tables}`;
}

export function placeOfPort(port: number): string {
  return `Main building, floor ${1 + Math.floor((port - 1) / 4)}, desk ${port}`;
}

async function untilAnswering(running: Running, socket: string): Promise<void> {
  const answers = () => getOverSocket(socket, '/healthz').catch(() => undefined);
  const options = {
    timeoutMs: 60_000,
    everyMs: 100,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  };
  await until('Gatehouse to answer on its page', answers, options);
}

function getOverSocket(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, timeout: 5000, headers: { host: 'localhost' } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => resolve(body)).once('error', reject);
    });
    call.once('timeout', () => call.destroy(new Error(`no answer to ${path} after 5 s`)));
    call.once('error', reject).end();
  });
}

/** The box's network has no way to this machine's loopback; a Unix socket is shared by the file system. */
async function forwardLoopback(port: number, socketPath: string): Promise<Server> {
  const server = createServer((browser) => {
    const box = connect(socketPath);
    browser.pipe(box).pipe(browser);
    browser.once('error', () => box.destroy());
    box.once('error', () => browser.destroy());
  });
  const listen = (wanted: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(wanted, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(port).catch(() => listen(0));
  return server;
}
