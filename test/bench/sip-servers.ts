/** Who is measured: the box with its parts sip and rtp, and Kamailio as registrar and stateful proxy. One core each. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, until, words, type Running } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { processorSeconds } from './provisioning-box.ts';
import { address, serverCore } from './sip-client.ts';
import { unitEnvironment } from './unit-environment.ts';

export interface Server extends AsyncDisposable {
  /** UDP. */
  readonly port: number;
  /** Of its processor, so far; of all its processes. */
  readonly seconds: () => number;
  /** Resident, in MB. */
  readonly megabytes: () => number;
  /** kill -9. */
  kill(): void;
  /** Ends by itself, within ten seconds. */
  end(): Promise<void>;
}

interface Cloud {
  readonly port: number;
  /** PEM file. */
  readonly caFile: string;
}

/** `nodeOptions`: what node itself is told besides. */
export async function startBox(
  directory: string,
  cloud: Cloud,
  nodeOptions: readonly string[] = [],
): Promise<Server> {
  const port = await freePort();
  const file = join(directory, 'gatehouse.toml');
  writeFileSync(
    file,
    `[site]
address = "${address}"
state_directory = "${directory}"
extra_ca_file = "${cloud.caFile}"
[provisioning]
allow_cleartext = ["other"]
[sip]
udp_port = ${port}
tcp_port = 0
tls_port = 0
upstream_port = ${cloud.port}
registrars = ["${address}"]
`,
  );
  const main = join(import.meta.dirname, '../../appliance/main.ts');
  const command = [
    'taskset',
    '-c',
    serverCore,
    process.execPath,
    ...nodeOptions,
    main,
    '--config',
    file,
    'run',
    'rtp',
    'sip',
  ];
  const environment = { ...process.env, ...unitEnvironment('sip', join(directory, 'cache')) };
  return await measured(start(command, { environment }), port);
}

/** `callee`: UDP port to which it sends every call. */
export async function startPeer(directory: string, callee: number): Promise<Server> {
  const port = await freePort();
  const file = join(directory, 'kamailio.cfg');
  writeFileSync(file, configuration(port, callee));
  const options = words('kamailio -DD -E -m 512 -M 32 -n 1');
  return await measured(start(['taskset', '-c', serverCore, ...options, '-f', file, '-Y', directory]), port);
}

async function measured(running: Running, port: number): Promise<Server> {
  await until('an answer', () => answers(port), {
    timeoutMs: 20_000,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  return {
    port,
    seconds: () => sumOf(running.pid, processorSeconds),
    megabytes: () => sumOf(running.pid, residentMegabytes),
    kill: () => running.kill('SIGKILL'),
    end: async () => {
      running.kill('SIGTERM');
      await Promise.race([running.exited, sleep(10_000, undefined, { ref: false })]);
    },
    [Symbol.asyncDispose]: async () => running[Symbol.asyncDispose](),
  };
}

/** Of a process and all below it. */
function sumOf(pid: number, read: (pid: number) => number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
  return children.reduce((sum, child) => sum + (child === '' ? 0 : sumOf(Number(child), read)), read(pid));
}

function residentMegabytes(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]);
  return (pages * 4096) / 1e6;
}

/** Whatever it says to an OPTIONS. */
async function answers(port: number): Promise<true | undefined> {
  const socket = createSocket('udp4');
  const { promise, resolve } = Promise.withResolvers<true | undefined>();
  socket.once('message', () => resolve(true));
  socket.bind(0, address, () => {
    const from = `${address}:${socket.address().port}`;
    const lines = [
      `OPTIONS sip:${address}:${port} SIP/2.0`,
      `Via: SIP/2.0/UDP ${from};branch=z9hG4bKready${from};rport`,
      'Max-Forwards: 70',
      `From: <sip:ready@${from}>;tag=1`,
      `To: <sip:${address}>`,
      `Call-ID: ready${from}`,
      'CSeq: 1 OPTIONS',
      'Content-Length: 0',
    ];
    socket.send(`${lines.join('\r\n')}\r\n\r\n`, port, address);
  });
  const timer = setTimeout(() => resolve(undefined), 300);
  return await promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

function configuration(port: number, callee: number): string {
  const modules = ['sl', 'tm', 'rr', 'pv', 'siputils', 'textops', 'usrloc', 'registrar'];
  return `debug=1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
listen=udp:${address}:${port}
${modules.map((name) => `loadmodule "${name}.so"`).join('\n')}
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_expires", 3600)
request_route {
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) { save("location"); exit; }
  if (has_totag()) { loose_route(); t_relay(); exit; }
  record_route();
  $du = "sip:${address}:${callee}";
  t_relay();
}
`;
}
