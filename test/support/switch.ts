/** A managed switch: a bridge with numbered ports that forwards no LLDP, lldpd, and snmpd that shows lldpd's tables. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, words, type Running } from './command.ts';
import { cover, type Lab, type Namespace } from './namespaces.ts';

export interface SwitchNeighbor {
  readonly port: string;
  /** Chassis and port as the neighbour itself says, lower case. */
  readonly chassis: string;
  readonly portId: string;
}

export interface ManagedSwitch extends AsyncDisposable {
  readonly namespace: Namespace;
  readonly address: string;
  readonly name: string;
  /** Its LLDP chassis: the bridge's own MAC. */
  readonly chassis: string;
  /** File of two lines: authentication and privacy password of the SNMPv3 user `gatehouse`. */
  readonly secretFile: string;
  /** A new cable from this card to the patch panel, not plugged in. */
  cable(device: { namespace: Namespace; card: string; mac?: string }): Promise<Device>;
  plug(device: Device, port: number): Promise<void>;
  unplug(device: Device): Promise<void>;
  /** What the switch itself says, by lldpcli. */
  neighbors(): Promise<SwitchNeighbor[]>;
}

/** Something with one card, at the end of a cable that can be moved. */
export interface Device {
  readonly cable: string;
  port?: number;
}

export interface SwitchOptions {
  readonly ports: number;
  readonly address: string;
  readonly prefixLength: number;
  readonly name: string;
}

export const snmpUser = 'gatehouse';
/** Lab values; nothing outside the namespaces can reach this agent. */
export const snmpPasswords = ['labauthpass-1', 'labprivpass-1'] as const;

export async function startSwitch(lab: Lab, options: SwitchOptions): Promise<ManagedSwitch> {
  const namespace = await lab.namespace('switch');
  const patch = await lab.namespace('patch');
  const chassis = '02:66:00:00:00:02';
  await namespace.exec([
    'ip',
    'link',
    'add',
    'br0',
    'address',
    chassis,
    'type',
    'bridge',
    'forward_delay',
    '0',
  ]);
  // 0: link-local multicast such as LLDP ends here, as on any managed switch.
  await namespace.exec(['sh', '-c', 'echo 0 > /sys/class/net/br0/bridge/group_fwd_mask']);
  await namespace.exec(['ip', 'addr', 'add', `${options.address}/${options.prefixLength}`, 'dev', 'br0']);
  await namespace.exec(['ip', 'link', 'set', 'br0', 'up']);
  for (let port = 1; port <= options.ports; port += 1) {
    await lab.wire({ namespace, card: `port${port}` }, { namespace: patch, card: `socket${port}` });
    await namespace.exec(['ip', 'link', 'set', `port${port}`, 'master', 'br0', 'up']);
    await patch.exec(['tc', 'qdisc', 'add', 'dev', `socket${port}`, 'ingress']);
  }
  const directory = join(lab.directory, 'switch');
  mkdirSync(directory);
  const secretFile = join(directory, 'snmp-secret');
  writeFileSync(secretFile, `${snmpPasswords.join('\n')}\n`);
  const agent = await startAgent(namespace, directory);
  const lldpd = await startSwitchLldpd(namespace, directory, options);
  const panel = patchPanel(lab, patch);
  return {
    namespace,
    address: options.address,
    name: options.name,
    chassis,
    secretFile,
    ...panel,
    neighbors: () => readNeighbors(namespace, join(directory, 'lldpd.sock')),
    [Symbol.asyncDispose]: async () => {
      await lldpd[Symbol.asyncDispose]();
      await agent[Symbol.asyncDispose]();
    },
  };
}

async function startAgent(namespace: Namespace, directory: string): Promise<Running> {
  const [authentication, privacy] = snmpPasswords;
  writeFileSync(
    join(directory, 'snmpd.conf'),
    [
      'master agentx',
      `agentXSocket unix:${directory}/agentx.sock`,
      'agentaddress udp:161',
      `createUser ${snmpUser} SHA-256 ${authentication} AES ${privacy}`,
      `rouser ${snmpUser} authpriv`,
      '',
    ].join('\n'),
  );
  const running = namespace.start(['snmpd', '-f', '-Lo', '-C', '-c', join(directory, 'snmpd.conf')], {
    logFile: join(directory, 'snmpd.log'),
    environment: { ...process.env, MIBS: '' },
    prepare: [cover('/var/lib/snmp')],
  });
  // lldpd tries its connection to the agent once, then not again for long.
  const ready = () => existsSync(join(directory, 'agentx.sock')) || undefined;
  await until("snmpd's AgentX socket", ready, {
    timeoutMs: 10_000,
    everyMs: 20,
    lastSeen: running.lastWords,
  });
  return running;
}

/** Starts lldpd with short intervals. `commands` are lines for lldpcli, such as "configure lldp portidsubtype ifname". */
export async function startLldpd(
  namespace: Namespace,
  directory: string,
  options: { flags: readonly string[]; commands: readonly string[] },
): Promise<Running> {
  mkdirSync(directory, { recursive: true });
  const file = (name: string) => join(directory, `lldpd.${name}`);
  const commands = ['configure lldp tx-interval 5', 'configure lldp tx-hold 3', ...options.commands];
  writeFileSync(file('conf'), `${commands.join('\n')}\n`);
  rmSync(file('sock'), { force: true });
  const files = ['-u', file('sock'), '-p', file('pid'), '-O', file('conf')];
  const running = namespace.start(['lldpd', '-d', ...files, ...options.flags], {
    logFile: file('log'),
    // lldpd jails its parser in /run/lldpd; its AgentX client writes to /var/lib/snmp.
    prepare: [cover('/run/lldpd'), cover('/var/lib/snmp')],
  });
  const wanted = { timeoutMs: 10_000, everyMs: 50, lastSeen: running.lastWords };
  await until('lldpd to answer', () => lldpcli(namespace, file('sock'), ['show', 'chassis']), wanted);
  return running;
}

function startSwitchLldpd(namespace: Namespace, directory: string, options: SwitchOptions): Promise<Running> {
  return startLldpd(namespace, directory, {
    flags: [
      ...words(`-x -X unix:${directory}/agentx.sock -M 4 -I port*,br0 -C br0`),
      '-m',
      options.address,
      '-S',
      options.name,
    ],
    // br0 is listed for the chassis to be its MAC; frames sent by itself would leave by every port.
    commands: [
      'configure ports br0 lldp status disabled',
      'configure lldp portidsubtype ifname',
      `configure system hostname ${options.name}`,
    ],
  });
}

export async function lldpcli(
  namespace: Namespace,
  socket: string,
  words: readonly string[],
): Promise<string> {
  return namespace.exec(['lldpcli', '-u', socket, '-f', 'json0', ...words]);
}

async function readNeighbors(namespace: Namespace, socket: string): Promise<SwitchNeighbor[]> {
  interface Value {
    value: string;
  }
  interface Seen {
    name: string;
    chassis?: { id?: Value[] }[];
    port?: { id?: Value[] }[];
  }
  const answer = JSON.parse(await lldpcli(namespace, socket, ['show', 'neighbors'])) as {
    lldp?: { interface?: Seen[] }[];
  };
  const seen = answer.lldp?.flatMap((part) => part.interface ?? []) ?? [];
  return seen.map((neighbor) => ({
    port: neighbor.name,
    chassis: neighbor.chassis?.[0]?.id?.[0]?.value.toLowerCase() ?? '',
    portId: neighbor.port?.[0]?.id?.[0]?.value.toLowerCase() ?? '',
  }));
}

/** Joins cables to sockets frame by frame, LLDP included; the cards at both ends stay, and lose carrier when pulled. */
function patchPanel(lab: Lab, patch: Namespace): Pick<ManagedSwitch, 'cable' | 'plug' | 'unplug'> {
  let cables = 0;
  const copy = (from: string, to: string) =>
    patch.exec([
      ...words(`tc filter replace dev ${from} parent ffff: protocol all prio 1 handle 800::1`),
      ...words(`u32 match u32 0 0 action mirred egress redirect dev ${to}`),
    ]);
  const unplug = async (device: Device) => {
    await patch.exec(['ip', 'link', 'set', device.cable, 'down']);
    if (device.port !== undefined) await patch.exec(['ip', 'link', 'set', `socket${device.port}`, 'down']);
    delete device.port;
  };
  return {
    cable: async (end) => {
      cables += 1;
      const cable = `cable${cables}`;
      await lab.wire(end, { namespace: patch, card: cable });
      await patch.exec(['tc', 'qdisc', 'add', 'dev', cable, 'ingress']);
      await end.namespace.exec(['ip', 'link', 'set', end.card, 'up']);
      return { cable };
    },
    unplug,
    plug: async (device, port) => {
      await unplug(device);
      const socket = `socket${port}`;
      await copy(device.cable, socket);
      await copy(socket, device.cable);
      await patch.exec(['ip', 'link', 'set', socket, 'up']);
      await patch.exec(['ip', 'link', 'set', device.cable, 'up']);
      device.port = port;
    },
  };
}
