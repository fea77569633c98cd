/** One switch, asked by SNMP: a cheap look whether anything changed, the tables when it has. */
import { readFileSync } from 'node:fs';
import type { LocationConfig } from '../config.ts';
import { openSnmp, type SnmpCredentials } from '../net/snmp.ts';
import { oids, switchTables, type SwitchTables } from './lldp-mib.ts';

export type SwitchConfig = LocationConfig['switch'][number];

/** Six columns of a chassis switch full of phones; more is not a neighbour table. */
const mostRows = 20_000;

export interface Poll {
  /** lldpStatsRemTablesLastChangeTime as answered; `undefined` when the agent doesn't know it. */
  readonly lastChange: number | undefined;
  /** `undefined`: nothing changed since the poll before. */
  readonly tables: SwitchTables | undefined;
}

/**
 * Rejects with what is wrong, in words that follow the switch's name. `before` is the last poll's lastChange;
 * `undefined` forces a walk. Rejects with the signal's reason when that ends it.
 */
export async function pollSwitch(
  config: SwitchConfig,
  before: number | undefined,
  signal?: AbortSignal,
): Promise<Poll> {
  using session = openSnmp({
    address: config.address,
    port: config.port,
    credentials: readCredentials(config),
    ...(signal === undefined ? {} : { signal }),
  });
  const [changed] = await session.get([oids.remTablesLastChangeTime]);
  const lastChange = typeof changed?.value === 'number' ? changed.value : undefined;
  if (before !== undefined && lastChange === before) return { lastChange, tables: undefined };
  const local = await session.get([oids.locChassisIdSubtype, oids.locChassisId, oids.locSysName]);
  const ports = await session.walk(oids.locPortTable, mostRows);
  const remotes = await session.walk(oids.remTable, mostRows);
  const addresses = await session.walk(oids.remManAddrTable, mostRows);
  const tables = switchTables({ local, ports, remotes, addresses });
  if (tables === undefined)
    throw new Error('has no LLDP-MIB: turn LLDP on, and let the SNMP view include 1.0.8802');
  return { lastChange, tables };
}

/** Read at each poll: a password that was changed needs no restart. */
export function readCredentials(config: SwitchConfig): SnmpCredentials {
  let lines: string[];
  try {
    lines = readFileSync(config.secret_file, 'utf8')
      .split('\n')
      .map((line) => line.replace(/\r$/, ''));
  } catch (error) {
    throw new Error(`${config.secret_file} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  const [first = '', second = ''] = lines;
  if (config.version === '2c') {
    if (first === '') throw new Error(`${config.secret_file} holds no community`);
    return { version: '2c', community: first };
  }
  if (config.user === undefined) throw new Error('needs location.switch.user for SNMP version 3');
  // RFC 3414 section 11.2
  if (first.length < 8 || second.length < 8) {
    throw new Error(
      `${config.secret_file} needs two lines, authentication and privacy password, 8 characters each or more`,
    );
  }
  return { version: '3', user: config.user, authPassword: first, privPassword: second };
}
