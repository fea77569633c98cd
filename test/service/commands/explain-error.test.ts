/** Real errors of the kernel and of SQLite, made here, so that their fields are what they are and not what we think. */
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { explainError } from '../../../appliance/commands/explain-error.ts';
import { parseConfig } from '../../../appliance/config.ts';
import { openUdp } from '../../../appliance/net/udp.ts';
import { openDatabase } from '../../../appliance/store/database.ts';
import { temporaryDirectory } from '../../support/directory.ts';

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

async function listenError(address: string, port: number): Promise<unknown> {
  const server = createServer();
  server.listen(port, address);
  const [error] = (await once(server, 'error')) as [unknown];
  return error;
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

it('a TCP port in use is named, with who else to ask', async () => {
  const port = await takenPort();
  expect(explainError(await listenError('127.0.0.1', port))).toBe(
    `127.0.0.1 port ${port} is in use by another program; stop that one (\`ss -lntup\` shows it) or give another port`,
  );
});

it('a UDP port in use is named too', async () => {
  const first = createSocket('udp4');
  const second = createSocket('udp4');
  onTestFinished(() => void (first.close(), second.close()));
  first.bind(0, '127.0.0.1');
  await once(first, 'listening');
  const { port } = first.address();
  second.bind(port, '127.0.0.1');
  const [error] = (await once(second, 'error')) as [unknown];
  expect(explainError(error)).toMatch(new RegExp(`^127\\.0\\.0\\.1 port ${port} is in use`));
});

it('what was said already is not said twice', async () => {
  await using taken = await openUdp({ address: '127.0.0.1', port: 0 });
  const { port } = taken.address();
  const error = await thrownBy(async () => await openUdp({ address: '127.0.0.1', port }));
  expect(explainError(new Error('cannot start sip', { cause: error }))).toBe(
    `cannot start sip: UDP 127.0.0.1:${port} is in use: another program listens there (\`ss -lunp\` names it)`,
  );
});

it('an address that this machine has not is named', async () => {
  expect(explainError(await listenError('192.0.2.77', 0))).toMatch(
    /^192\.0\.2\.77: this machine has no such address|^192\.0\.2\.77 port 0: this machine has no such address/,
  );
});

it('what was being done stands in front of the cause', async () => {
  const cause = await listenError('127.0.0.1', await takenPort());
  expect(explainError(new Error('cannot open the page', { cause }))).toMatch(
    /^cannot open the page: 127\.0\.0\.1 port \d+ is in use/,
  );
});

it('a full disk is told by its path', async () => {
  const full = openSync('/dev/full', 'w');
  const error = await thrownBy(() => writeSync(full, 'x'));
  expect(explainError(error)).toMatch(/the disk is full; make room/);
});

it('a full disk under SQLite is told', async () => {
  const directory = temporaryDirectory();
  const db = new Database(join(directory, 'a.db'));
  onTestFinished(() => void db.close());
  db.exec('CREATE TABLE t (x)');
  db.pragma('max_page_count = 3');
  const error = await thrownBy(() => db.exec(`INSERT INTO t VALUES (zeroblob(100000))`));
  expect(explainError(error)).toMatch(/the disk is full.*\(SQLITE_FULL\)/);
});

it('a read-only database is told', async () => {
  const directory = temporaryDirectory();
  new Database(join(directory, 'a.db')).exec('CREATE TABLE t (x)').close();
  const db = new Database(join(directory, 'a.db'), { readonly: true });
  onTestFinished(() => void db.close());
  expect(explainError(await thrownBy(() => db.exec('INSERT INTO t VALUES (1)')))).toMatch(
    /read-only.*\(SQLITE_READONLY\)/,
  );
});

it('a database that is none is told', async () => {
  const file = join(temporaryDirectory(), 'dhcp', 'dhcp.db');
  mkdirSync(join(file, '..'));
  writeFileSync(file, 'this is not a database, whatever its name says'.repeat(40));
  const error = await thrownBy(() => openDatabase({ file, migrations: 'dhcp', synchronous: 'FULL' }));
  expect(explainError(error)).toMatch(/no database of ours.*\(SQLITE_NOTADB\)/);
});

it('a database of a newer release says so in its own words', async () => {
  const file = join(temporaryDirectory(), 'dhcp.db');
  const db = new Database(file);
  db.pragma('user_version = 99');
  db.pragma('application_id = 99');
  db.close();
  const error = await thrownBy(() => openDatabase({ file, migrations: 'dhcp', synchronous: 'FULL' }));
  expect(explainError(error)).toMatch(
    /^.*dhcp\.db has version 99, this release knows \d+: start the newer release again/,
  );
});

it('a missing file, a file in the place of a directory and a missing right name the path', async () => {
  const directory = temporaryDirectory();
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(explainError(await thrownBy(() => readFileSync(join(directory, 'none'))))).toBe(
    `${directory}/none: there is no such file or directory`,
  );
  expect(explainError(await thrownBy(() => mkdirSync(join(file, 'below'))))).toBe(
    `${file}/below: a part of this path is a file, not a directory`,
  );
  expect(explainError(await thrownBy(() => readFileSync(directory)))).toMatch(
    /is a directory, a file is wanted|a file: is a directory/,
  );
});

it('a program that is not installed is named', async () => {
  const [error] = (await once(spawn('/nonexistent/program'), 'error')) as [unknown];
  expect(explainError(error)).toBe(
    'the program /nonexistent/program is not installed; install it and start again',
  );
});

it('one mistake in the settings is one line, several are one line each', async () => {
  const one = await thrownBy(() => parseConfig('[site]\n', 'g.toml'));
  expect(explainError(one)).toBe(
    'g.toml: line 1: site.address: is missing; write an IPv4 address, such as "10.20.0.1"',
  );
  const two = await thrownBy(() => parseConfig('[site]\nfoo = 1\n', 'g.toml'));
  expect(explainError(two).split('\n')).toEqual([
    'g.toml: 2 problems',
    '  line 2: site.foo: no such key; `gatehouse config print` lists them all',
    '  line 1: site.address: is missing; write an IPv4 address, such as "10.20.0.1"',
  ]);
});

it('an error that nobody expected is its own words in one line, without escape codes', () => {
  expect(explainError(new Error('line one\n    at somewhere (file.ts:1:2)\u001B[31m'))).toBe(
    'line one at somewhere (file.ts:1:2) [31m',
  );
  expect(explainError('text')).toBe('text');
});
