/** An SNMP agent on loopback that answers an LLDP-MIB of our choice, for what a real switch won't do on demand. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  AccessControlModelType,
  AuthProtocols,
  createAgent,
  MaxAccess,
  MibProviderType,
  ObjectType,
  PrivProtocols,
  SecurityLevel,
  type Agent,
} from 'net-snmp';
import { until } from './command.ts';

export interface AgentNeighbor {
  readonly port: number;
  readonly chassisMac: string;
  readonly portId: string;
  readonly systemName: string;
  readonly isPhone?: boolean;
}

export interface AgentTables {
  readonly lastChange?: number;
  readonly chassisMac: string;
  /** ifName by local port number. */
  readonly ports: Readonly<Record<number, string>>;
  readonly neighbors: readonly AgentNeighbor[];
}

export interface LldpAgent extends AsyncDisposable {
  readonly port: number;
}

export const community = 'canary-community';
export const snmpV3 = {
  user: 'gatehouse',
  authPassword: 'canary-auth-pass',
  privPassword: 'canary-priv-pass',
};

const root = '1.0.8802.1.1.2.1';

export async function startLldpAgent(tables: AgentTables): Promise<LldpAgent> {
  const port = await freeUdpPort();
  const agent = createAgent(
    { port, address: '127.0.0.1', accessControlModelType: AccessControlModelType.None },
    () => undefined,
  );
  agent.getAuthorizer().addCommunity(community);
  agent.getAuthorizer().addUser({
    name: snmpV3.user,
    level: SecurityLevel.authPriv,
    authProtocol: AuthProtocols.sha256,
    authKey: snmpV3.authPassword,
    privProtocol: PrivProtocols.aes,
    privKey: snmpV3.privPassword,
  });
  fill(agent, tables);
  await until('the agent to listen', () => isBound(port) || undefined, { timeoutMs: 5000, everyMs: 5 });
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => agent.close(() => resolve()));
    },
  };
}

/** The package doesn't tell when its socket is open. */
export function isBound(port: number): boolean {
  const address = `:${port.toString(16).padStart(4, '0').toUpperCase()} `;
  return readFileSync('/proc/net/udp', 'latin1').includes(address);
}

/** The package binds by itself and doesn't take a socket; the port is free a moment before. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function fill(agent: Agent, { lastChange, chassisMac, ports, neighbors }: AgentTables): void {
  const mib = agent.getMib();
  const scalar = (name: string, oid: string, value: { type: number; value: number | Buffer }) => {
    mib.registerProvider({
      name,
      type: MibProviderType.Scalar,
      oid: `${root}.${oid}`,
      scalarType: value.type,
      maxAccess: MaxAccess['read-only'],
    });
    mib.setScalarValue(name, value.value);
  };
  if (lastChange !== undefined) scalar('changed', '2.1', { type: ObjectType.TimeTicks, value: lastChange });
  scalar('chassisSubtype', '3.1', { type: ObjectType.Integer, value: 4 });
  scalar('chassis', '3.2', { type: ObjectType.OctetString, value: macBytes(chassisMac) });
  scalar('name', '3.3', { type: ObjectType.OctetString, value: Buffer.from('access-1') });
  table(agent, 'ports', {
    oid: '3.7.1',
    index: ['number'],
    columns: { number: 1, subtype: 2, id: 3, description: 4 },
    rows: Object.entries(ports).map(([number, name]) => [
      Number(number),
      5,
      Buffer.from(name),
      Buffer.from(`desk ${name}`),
    ]),
  });
  table(agent, 'remotes', {
    oid: '4.1.1',
    index: ['timeMark', 'port', 'number'],
    columns: {
      timeMark: 1,
      port: 2,
      number: 3,
      chassisSubtype: 4,
      chassis: 5,
      portSubtype: 6,
      portId: 7,
      systemName: 9,
      enabled: 12,
    },
    rows: neighbors.map((neighbor, at) => [
      1000 + at,
      neighbor.port,
      at + 1,
      4,
      macBytes(neighbor.chassisMac),
      7,
      Buffer.from(neighbor.portId),
      Buffer.from(neighbor.systemName),
      // BITS: telephone is bit 5.
      Buffer.from([neighbor.isPhone === true ? 0x04 : 0x10, 0]),
    ]),
  });
}

const integerColumns = new Set(['number', 'subtype', 'timeMark', 'port', 'chassisSubtype', 'portSubtype']);

function table(
  agent: Agent,
  name: string,
  {
    oid,
    index,
    columns,
    rows,
  }: { oid: string; index: string[]; columns: Record<string, number>; rows: (number | Buffer)[][] },
): void {
  const mib = agent.getMib();
  mib.registerProvider({
    name,
    type: MibProviderType.Table,
    oid: `${root}.${oid}`,
    tableColumns: Object.entries(columns).map(([column, number]) => ({
      number,
      name: column,
      type: integerColumns.has(column) ? ObjectType.Integer : ObjectType.OctetString,
      maxAccess: MaxAccess[index.includes(column) ? 'not-accessible' : 'read-only'],
    })),
    tableIndex: index.map((columnName) => ({ columnName })),
  });
  for (const row of rows) mib.addTableRow(name, row);
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
