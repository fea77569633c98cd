/**
 * There and back: an earlier release serves, today's migrates what it left and serves, and the earlier one serves with that again, as
 * after a rollback. Both are the real program with all its parts; the earlier one is taken out of the repository's history.
 */
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { readMigrations } from '../../appliance/store/database.ts';
import { run, until, type Running } from '../support/command.ts';
import { openDhcpWire, pool, serverAddress, type DhcpWire } from '../support/dhcp-wire.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { openSite } from '../support/site.ts';
import { boxDatabases } from './box-databases.ts';
import { startLeaseHolders, type LeaseHolders } from './lease-holders.ts';
import type { Finding } from './results.ts';

const phones = 60;
const patienceMs = 120_000;
const today = resolve(import.meta.dirname, '../..');
const mac = '00:15:65:aa:00:01';
/** What the page is made of; each must be answered, and what is said in it must be there. */
const pages = {
  '/healthz': 'parts',
  '/api/status': 'parts',
  '/api/phones': mac,
  [`/api/phones/${mac}`]: 'app.log',
  '/api/calls': `call-${mac}`,
} as const;

export async function previousRelease(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const told: string[] = [];
  for (const commit of await earlierCommits()) {
    const tree = await takeOut(lab, commit);
    say(`${commit} serves, is followed by today's release, and serves again`);
    told.push(`${commit}: ${await thereAndBack(lab, commit, tree)}`);
  }
  return {
    name: 'previous-release',
    passed: told.length > 0,
    detail:
      `An earlier release with all its parts serves ${phones} phones behind a relay, is killed, today's migrates and serves, with facts of each kind ` +
      `written by it, and the earlier one runs on that again: every part is at work, each lease is acknowledged with the same address in all four runs (the last ` +
      `one is today's), the page tells of its phones, one phone with its log, and calls, no file is set aside or taken back to a lower version. ` +
      `Both ran with today's packages. ${told.join('. ')}.`,
  };
}

const git = async (...words: string[]) => (await run(['git', '-C', today, ...words])).trim();

/** The last release where releases are tagged; the tree before the last migration came, and that of a day before. */
async function earlierCommits(): Promise<string[]> {
  const tags = await git('tag', '--list', 'v*', '--sort=-creatordate', '--merged', 'HEAD~1');
  const newest = Number(await git('log', '-1', '--format=%ct'));
  const dayBefore = `--before=${newest - 86_400}`;
  const migrations = 'appliance/store/migrations';
  const last = await git('log', '-1', '--format=%H', '--diff-filter=A', '--', `${migrations}/*.sql`);
  const wanted = [tags.split('\n')[0], last && `${last}~1`, await git('log', '-1', '--format=%H', dayBefore)];
  const commits: string[] = [];
  for (const name of wanted) if (name) commits.push(await git('rev-parse', '--short', name));
  return [...new Set(commits)];
}

async function takeOut(lab: Lab, commit: string): Promise<string> {
  const tree = join(lab.directory, `tree-${commit}`);
  mkdirSync(tree);
  await run(['sh', '-c', `git -C '${today}' archive ${commit} | tar -x -C '${tree}'`]);
  symlinkSync(join(today, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

interface Served {
  readonly who: string;
  readonly asked?: Readonly<Record<string, string>>;
}

interface Site {
  readonly wire: DhcpWire;
  readonly holders: LeaseHolders;
  readonly state: string;
}

async function thereAndBack(lab: Lab, name: string, tree: string): Promise<string> {
  const wire = await openDhcpWire(lab, name);
  writeFileSync(join(wire.directory, 'gatehouse.toml'), settings(wire));
  // A machine that is at work on much else is slow.
  await using holders = startLeaseHolders(wire, phones, { outstanding: 4, lostAfterMs: 2000 });
  const site: Site = { wire, holders, state: join(wire.directory, 'state') };
  await serve(site, tree, { who: 'the earlier release' });
  await serve(site, today, { who: "today's release" });
  await writeFacts(site.state);
  const migrated = versions(site.state);
  for (const { file, migrations } of boxDatabases) {
    const version = migrated.get(file);
    if (version !== undefined && version !== readMigrations(migrations).length)
      throw new Error(`${file} was left at version ${version}`);
  }
  await serve(site, tree, { who: 'the earlier release on the new databases', asked: pages });
  const after = versions(site.state);
  for (const [file, version] of migrated)
    if (after.get(file) !== version) throw new Error(`${file} went from ${version} to ${after.get(file)}`);
  const held = await serve(site, today, { who: "today's release once more", asked: pages });
  const list = boxDatabases.flatMap(({ file, migrations }) => {
    const [known, version] = [countIn(tree, migrations), migrated.get(file)];
    return version === undefined || version <= known ? [] : [`${file} ${known} → ${version}`];
  });
  return `${held} leases; migrated were ${list.join(', ') || 'none'}`;
}

/** How many migrations a tree has for a database; one without tables of its own has those of all telemetry. */
function countIn(root: string, migrations: string): number {
  const folder = join(root, 'appliance/store/migrations');
  const own = join(folder, migrations);
  if (existsSync(own)) return readdirSync(own).length;
  return migrations.endsWith('-telemetry') ? readdirSync(join(folder, 'telemetry')).length : 0;
}

function versions(state: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const { file } of boxDatabases) {
    if (!existsSync(join(state, file))) continue;
    const db = new Database(join(state, file));
    found.set(file, db.pragma('user_version', { simple: true }) as number);
    db.close();
  }
  return found;
}

/** All parts run, every phone asks for its lease, the page is read, and the power goes. How many leases are held. */
async function serve(
  { wire, holders, state }: Site,
  root: string,
  { who, asked = {} }: Served,
): Promise<number> {
  await writeAsRoot(root, state);
  const launcher = [join(root, 'systemd/with-sockets'), 'dhcp=eth0:udp:67', '--'];
  const program = [process.execPath, join(root, 'appliance/main.ts'), 'run'];
  await using box = wire.server.start(
    [...launcher, ...program, '--config', join(wire.directory, 'gatehouse.toml')],
    { logFile: join(wire.directory, 'log') },
  );
  await allAtWork(wire, box, who);
  const { held, broken } = await until(
    `${who} to give leases`,
    async () => {
      const report = await holders.check();
      return report.broken.length > 0 || report.held > 10 ? report : undefined;
    },
    { timeoutMs: patienceMs, lastSeen: box.lastWords, hopeless: box.hasExited },
  );
  if (broken.length > 0) throw new Error(`${who}: ${broken.slice(0, 5).join('; ')}`);
  for (const [path, said] of Object.entries(asked)) {
    const body = await page(wire, path);
    if (!body.includes(said))
      throw new Error(`${who}: ${path} says nothing of ${said}: ${body.slice(0, 400)}`);
  }
  box.kill('SIGKILL');
  await box.exited;
  const aside = readdirSync(state, { recursive: true }).filter((name) => String(name).includes('.broken'));
  if (aside.length > 0) throw new Error(`${who} set aside ${aside.join()}`);
  return held;
}

/** `box.db` has no part that runs: each release's orders and updates open it, and write what they did. */
async function writeAsRoot(root: string, state: string): Promise<void> {
  if (countIn(root, 'box') === 0) return;
  const program = `
    const { openStore } = await import(${JSON.stringify(join(root, 'appliance/store/store.ts'))});
    const store = openStore({ directory: ${JSON.stringify(state)}, part: 'box', clock: Date });
    await store.write(({ db }) => db.exec(\`INSERT INTO outcome (order_id, kind, state, words, began_at, changed_at, runner)
      VALUES (hex(randomblob(8)), 'reset.factory', 'refused', 'of \${process.pid}', \${Date.now()}, \${Date.now()}, 'x')\`));
    const [{ rows }] = store.db.prepare('SELECT count(*) AS rows FROM outcome').all();
    console.log(rows);
    process.exit();`;
  const before = existsSync(join(state, 'box/box.db')) ? outcomes(state) : 0;
  const rows = Number(
    await run([process.execPath, '--input-type=module', '-e', program], { timeoutMs: patienceMs }),
  );
  if (rows !== before + 1) throw new Error(`box.db had ${before} outcomes and has ${rows}`);
}

function outcomes(state: string): number {
  const db = new Database(join(state, 'box/box.db'), { readonly: true });
  try {
    return Number(db.prepare('SELECT count(*) FROM outcome').pluck().get());
  } finally {
    db.close();
  }
}

/** How well they are is another matter: there is no cloud to reach here. */
async function allAtWork(wire: DhcpWire, box: Running, who: string): Promise<void> {
  let seen = '';
  const probe = async () => {
    seen = await page(wire, '/healthz');
    const { parts } = JSON.parse(seen) as { parts: Record<string, string> };
    const isIdle = Object.values(parts).includes('not running');
    return !isIdle && expected.every((part) => parts[part] !== undefined) ? true : undefined;
  };
  await until(`${who} with all parts at work`, probe, {
    timeoutMs: patienceMs,
    lastSeen: () => `${seen} ${box.lastWords()}`,
    hopeless: box.hasExited,
  });
}

const expected = ['dhcp', 'provisioning', 'rtp', 'sip', 'location', 'web'];

async function page({ server, directory }: DhcpWire, path: string): Promise<string> {
  const socket = join(directory, 'page.sock');
  return await server.exec([
    'curl',
    '-sS',
    '--max-time',
    '20',
    '--unix-socket',
    socket,
    `http://localhost${path}`,
  ]);
}

function settings({ directory }: DhcpWire): string {
  return `[site]
address = "${serverAddress}"
state_directory = "${join(directory, 'state')}"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.66.0.0/16"
pool = ${JSON.stringify(pool)}
routers = ["${serverAddress}"]
lease_seconds = 4000
[web]
socket = "${join(directory, 'page.sock')}"
`;
}

/** By today's release, so that what the earlier one reads has all that today's writes. */
async function writeFacts(state: string): Promise<void> {
  using site = openSite(state, { now: () => Date.now() });
  const ip = '10.66.210.1';
  await site.lease(mac, ip);
  await site.configuration(mac, ip);
  await site.binding(mac, ip);
  await site.placement(mac);
  await site.request(mac);
  await site.neighbor();
  await site.phoneLog(mac, 'a line of the phone');
  site.phoneSyslog(mac, 'another line');
  await site.call(mac, { state: 'ended' });
  site.ladder(`call-${mac}`, ['INVITE sip:a SIP/2.0\r\n\r\n', 'SIP/2.0 200 OK\r\n\r\n']);
  site.failedRegistration();
}
