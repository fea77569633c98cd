/** Asking a switch by SNMP: both versions, wrong secrets, no MIB, and agents that answer nonsense. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { pollSwitch, type SwitchConfig } from '../../../appliance/location/snmp.ts';
import { openSnmp } from '../../../appliance/net/snmp.ts';
import { idText } from '../../../appliance/protocol/lldp-id.ts';
import { start, until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import {
  community,
  freeUdpPort,
  isBound,
  snmpV3,
  startLldpAgent,
  type AgentTables,
} from '../../support/lldp-agent.ts';

const tables: AgentTables = {
  lastChange: 4711,
  chassisMac: '02:66:00:00:00:02',
  ports: { 1: 'Gi1/0/1', 2: 'Gi1/0/2', 48: 'Gi1/0/48' },
  neighbors: [
    { port: 1, chassisMac: '00:15:65:aa:bb:cc', portId: 'WAN', systemName: 'SEP001565AABBCC', isPhone: true },
    { port: 48, chassisMac: '02:66:00:00:00:99', portId: 'Gi0/1', systemName: 'core' },
  ],
};

function config(port: number, secret: string, more: Partial<SwitchConfig> = {}): SwitchConfig {
  const file = join(temporaryDirectory(), 'secret');
  writeFileSync(file, secret);
  return { name: 'access-1', address: '127.0.0.1', version: '2c', port, secret_file: file, ...more };
}

const v3Secret = `${snmpV3.authPassword}\n${snmpV3.privPassword}\n`;
const v3 = { version: '3', user: snmpV3.user } as const;

it.each([
  ['2c with its community', `${community}\n`, {}],
  ['3 with SHA-256 and AES', v3Secret, v3],
])('version %s gets the tables', async (_title, secret, more) => {
  await using agent = await startLldpAgent(tables);
  const poll = await pollSwitch(config(agent.port, secret, more), undefined);
  expect(poll.lastChange).toBe(4711);
  expect(poll.tables?.chassisId && idText('chassis', poll.tables.chassisId)).toBe('02:66:00:00:00:02');
  const remotes = poll.tables?.remotes.map(({ localPort, chassisId, isPhone, isBridge, systemName }) => ({
    port: idText('port', localPort.id),
    chassis: idText('chassis', chassisId),
    systemName,
    isPhone,
    isBridge,
  }));
  expect(remotes).toEqual([
    {
      port: 'Gi1/0/1',
      chassis: '00:15:65:aa:bb:cc',
      systemName: 'SEP001565AABBCC',
      isPhone: true,
      isBridge: false,
    },
    { port: 'Gi1/0/48', chassis: '02:66:00:00:00:99', systemName: 'core', isPhone: false, isBridge: false },
  ]);
});

it('a wrong SNMPv3 password is said in words by the answer of a real agent', async () => {
  const directory = temporaryDirectory();
  const port = await freeUdpPort();
  const { user, authPassword, privPassword } = snmpV3;
  writeFileSync(
    join(directory, 'snmpd.conf'),
    `agentaddress udp:127.0.0.1:${port}\ncreateUser ${user} SHA-256 ${authPassword} AES ${privPassword}\nrouser ${user} authpriv\n`,
  );
  await using _snmpd = start(['snmpd', '-f', '-Lo', '-C', '-c', join(directory, 'snmpd.conf')], {
    environment: { ...process.env, MIBS: '', SNMP_PERSISTENT_DIR: directory },
  });
  await until('snmpd', () => isBound(port) || undefined, { timeoutMs: 5000, everyMs: 20 });
  const wrong = 'wrong-pass-1\nwrong-pass-2\n';
  expect(await failure(pollSwitch(config(port, wrong, v3), undefined))).toMatch(
    /refuses the SNMPv3 passwords/,
  );
  expect(await failure(pollSwitch(config(port, v3Secret, v3), undefined))).toMatch(/has no LLDP-MIB/);
});

it('tables that have not changed are not walked', async () => {
  await using agent = await startLldpAgent(tables);
  expect(await pollSwitch(config(agent.port, community), 4711)).toEqual({
    lastChange: 4711,
    tables: undefined,
  });
  expect((await pollSwitch(config(agent.port, community), 4710)).tables).toBeDefined();
});

it.each([
  ['a wrong user', v3Secret, { version: '3', user: 'nobody' } as const, /does not know the SNMPv3 user/],
  ['a wrong community', 'public\n', {}, /does not answer/],
  ['a secret file with one line for version 3', 'canary-auth-pass\n', v3, /needs two lines/],
  ['no user for version 3', v3Secret, { version: '3' } as const, /needs location.switch.user/],
  [
    'a secret file that is not there',
    '',
    { secret_file: '/nonexistent/secret' },
    /cannot be read \(ENOENT\)/,
  ],
])('%s is said in words, and no secret with it', async (...[, secret, more, message]) => {
  await using agent = await startLldpAgent(tables);
  const error = await failure(pollSwitch(config(agent.port, secret, more), undefined));
  expect(error).toMatch(message);
  expect(error).not.toMatch(/canary|wrong-pass/);
});

it('an agent that knows none of the objects is said to have no LLDP-MIB', async () => {
  // The request, sent back as a response: every value is null.
  const port = await answering((request) => [replaceType(request, 0xa2)]);
  expect(await failure(pollSwitch(config(port, community), undefined))).toMatch(/has no LLDP-MIB/);
});

it('agents that answer nonsense fail their own poll, and nothing else', async () => {
  const nonsense: Record<string, (request: Buffer) => Buffer[]> = {
    'no SNMP at all': () => [Buffer.from('hello')],
    nothing: () => [Buffer.alloc(0)],
    'half of a message': (request) => [request.subarray(0, request.length / 2)],
    'a report where an answer belongs': (request) => [replaceType(request, 0xa8)],
    'a request back': (request) => [request],
    'a length of gigabytes': () => [Buffer.from('3084ffffffff020101', 'hex')],
    'a thousand datagrams': (request) =>
      Array.from({ length: 1000 }, (_, at) => request.subarray(0, at % request.length)),
  };
  const polls = Object.entries(nonsense).map(async ([title, answer]) => {
    const port = await answering(answer);
    return [title, await failure(pollSwitch(config(port, community), undefined))] as const;
  });
  const survived = (await Promise.all(polls)).filter(([, error]) => error === '');
  expect(survived).toEqual([]);
});

it('an answer with any byte changed is taken, refused or waited out, and never throws past the poll', async () => {
  let changed = 0;
  const port = await answering((request) => {
    const message = Buffer.from(replaceType(request, 0xa2));
    changed = (changed + 1) % message.length;
    message[changed] = (message[changed] ?? 0) ^ 0xff;
    return [message];
  });
  const outcomes = await Promise.all(
    Array.from({ length: 60 }, async () => {
      using own = openSnmp({ address: '127.0.0.1', port, credentials: { version: '2c', community } });
      return await own.get(['1.0.8802.1.1.2.1.2.1.0']).then(
        () => 'answered',
        () => 'failed',
      );
    }),
  );
  expect(outcomes).toContain('failed');
}, 20_000);

it('a walk ends: an agent that sends the same row for ever, or rows without end, is given up', async () => {
  const port = await answering((request) => [replaceType(request, 0xa2)]);
  using same = openSnmp({ address: '127.0.0.1', port, credentials: { version: '2c', community } });
  expect(await failure(same.walk('1.0.8802.1.1.2.1.4.1.1', 100))).toBe('');
  await using agent = await startLldpAgent({
    ...tables,
    ports: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [at + 1, `Gi${at}`])),
  });
  using many = openSnmp({
    address: '127.0.0.1',
    port: agent.port,
    credentials: { version: '2c', community },
  });
  expect(await failure(many.walk('1.0.8802.1.1.2.1.3.7.1', 100))).toMatch(/more than 100 rows/);
});

it('an answer from another port than the agent has is not listened to', async () => {
  const other = createSocket('udp4');
  onTestFinished(() => void other.close());
  const port = await answering((request, from) => {
    other.send(replaceType(request, 0xa2), from.port, from.address);
    return [];
  });
  expect(await failure(pollSwitch(config(port, community), undefined))).toMatch(/does not answer/);
});

/** A UDP socket that answers each datagram with what it is told; returns its port. */
async function answering(
  answer: (request: Buffer, from: { address: string; port: number }) => Buffer[],
): Promise<number> {
  const socket: Socket = createSocket('udp4');
  socket.on('message', (request, from) => {
    for (const message of answer(request, from)) socket.send(message, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return socket.address().port;
}

/** The PDU's type, which stands behind version and community, made another: 0xa2 is a response, 0xa8 a report. */
function replaceType(request: Buffer, type: number): Buffer {
  const message = Buffer.from(request);
  const at = message.indexOf(Buffer.from(community)) + community.length;
  message[at] = type;
  return message;
}

async function failure(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => '',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}
