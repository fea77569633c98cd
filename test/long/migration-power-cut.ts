/**
 * Power cuts while a database of an earlier release is migrated. A disk notes each write and each sync while the part's own opener
 * migrates; for each of many moments the disk is made as a cut then leaves it, and the opener is started on that again.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readMigrations } from '../../appliance/store/database.ts';
import { start, type Running } from '../support/command.ts';
import { seededRandom } from '../support/hostile-bytes.ts';
import { boxDatabases, earlierVersion, forgottenMigrations, type BoxDatabase } from './box-databases.ts';
import type { Comeback, ComebackTask } from './comeback-process.ts';
import { makeEarlierDatabase, schemaAt, type Columns, type DatabaseFacts } from './earlier-database.ts';
import { momentsOf, newDisk, plugInRecorder } from './forgetful-disk.ts';
import type { Finding } from './results.ts';

const cuts = Number(process.env['GATEHOUSE_CUTS'] ?? 24);
const seed = Number(process.env['GATEHOUSE_SEED'] ?? Date.now() % 100_000);
/** Copying the file before is most of the writing: every other cut falls into the last writes and syncs, which migrate and acknowledge. */
const lastMoments = 40;
/** A process or a disk that hangs ends the check. */
const patienceMs = 180_000;

interface Scene {
  readonly database: BoxDatabase;
  readonly directory: string;
  /** With the earlier database on it. */
  readonly image: string;
  readonly before: DatabaseFacts;
  readonly columns: Columns;
  readonly newest: number;
}

const total = {
  cuts: 0,
  earlier: 0,
  between: 0,
  newest: 0,
  acknowledged: 0,
  copies: 0,
  unsynced: 0,
  dropped: 0,
  torn: 0,
};

export async function migrationPowerCut(say: (line: string) => void): Promise<Finding> {
  const forgotten = forgottenMigrations();
  if (forgotten.length > 0) return failed(`no database has the migrations ${forgotten.join()}`);
  const wanted = process.env['GATEHOUSE_DATABASE'];
  const random = seededRandom(seed);
  const found: string[] = [];
  let lie: string | undefined;
  for (const database of boxDatabases.filter(({ file }) => wanted === undefined || file === wanted)) {
    await inScene(database, async (scene) => {
      const recording = await record(scene);
      const problems = await cutManyTimes(scene, recording, random);
      found.push(...problems.map((problem) => `${database.file}, ${problem}`));
      lie ??= await counterProof(scene, recording);
      say(
        `${database.file}: ${cuts} cuts in ${recording.moments.length} writes and syncs, ${problems.length} problems`,
      );
    });
  }
  if (found.length > 0)
    return failed(`seed ${seed}, ${found.length} of ${total.cuts}: ${found.slice(0, 3).join('; ')}`);
  return {
    name: 'migration-power-cut',
    passed: total.dropped > 0 && total.between > 0 && total.acknowledged > 0 && lie !== undefined,
    detail:
      `${total.cuts} power cuts (seed ${seed}), ${cuts} for each of ${boxDatabases.length} databases, while the openers of their parts migrate what an earlier ` +
      `release left (2000 rows a table, some only in the WAL; files of one migration are made anew). The disk of \`dhcp-power-cut\` noted each ` +
      `write and sync; at each cut the synced is there, and of each later write all, nothing or any of its sectors: of ${total.unsynced} unsynced writes ` +
      `${total.dropped} were dropped and ${total.torn} torn. Half of the cuts are spread over all writes and syncs from the opening to the fifth row acknowledged after it, ` +
      `half over the last ${lastMoments}. ${total.earlier} cuts left the earlier version, ${total.between} one between, ${total.newest} today's, each with that version's ` +
      `schema and no other; ${total.copies} copies made before migrating were whole. Each database came back at today's version with all rows, ` +
      `sound by \`integrity_check\`, none was set aside as broken, and of ${total.acknowledged} rows acknowledged before a cut all were there. ` +
      `Counter-proof: on a disk that says it has synced and hasn't, this was found: ${lie ?? 'nothing'}.`,
  };
}

function failed(detail: string): Finding {
  return { name: 'migration-power-cut', passed: false, detail };
}

async function inScene(database: BoxDatabase, work: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-migrate-'));
  try {
    const version = earlierVersion(database);
    const content = join(directory, 'content');
    const file = join(content, 'state', database.file);
    const before = makeEarlierDatabase({ ...database, file, version });
    const image = await newDisk(directory, content);
    const { columns } = schemaAt(database.migrations, version);
    await work({
      database,
      directory,
      image,
      before,
      columns,
      newest: readMigrations(database.migrations).length,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Recording {
  /** Path of the disk's log. */
  readonly log: string;
  /** Where in it a cut may fall. */
  readonly moments: readonly number[];
  /** Where in it each row was acknowledged. */
  readonly acknowledged: readonly number[];
}

/** Opens the database once on a disk that notes what it is given. */
async function record({ image, directory, database }: Scene): Promise<Recording> {
  const mount = join(directory, 'mount');
  mkdirSync(mount);
  await using disk = await plugInRecorder(image);
  const said: string[] = [];
  const { promise: isDone, resolve } = Promise.withResolvers<void>();
  let begin = 0;
  const acknowledged: number[] = [];
  const program = [process.execPath, join(import.meta.dirname, 'migration-process.ts')];
  const script = `mount -o loop ${disk.file} ${mount} && exec "$@"`;
  await using opening = start(
    [...disk.inside, 'sh', '-c', script, 'sh', ...program, join(mount, 'state'), database.file],
    {
      onLine: (line) => {
        said.push(line);
        if (line === 'begin') begin = disk.logged();
        if (line === 'acknowledged') acknowledged.push(disk.logged());
        if (line === 'end') resolve();
      },
    },
  );
  await Promise.race([isDone, opening.exited, late('the database to be migrated', opening)]);
  if (said.at(-1) !== 'end') throw new Error(`${database.file} is not migrated: ${opening.lastWords()}`);
  await disk.cutPower();
  const log = join(directory, 'log');
  writeFileSync(log, disk.log());
  return { log, moments: momentsOf(disk.log()).filter((end) => end > begin), acknowledged };
}

async function late(what: string, { lastWords }: Running): Promise<never> {
  await sleep(patienceMs, undefined, { ref: false });
  throw new Error(`waited ${patienceMs} ms in vain for ${what}; last seen: ${lastWords()}`);
}

/** What is wrong, if something is. */
async function cutManyTimes(
  scene: Scene,
  recording: Recording,
  random: (below: number) => number,
): Promise<string[]> {
  const { moments, acknowledged } = recording;
  const at = Array.from({ length: cuts }, (_, cut) => {
    const spread = cut % 2 === 0 ? moments.length : Math.min(moments.length, lastMoments);
    // One of equal shares for each cut, and a random place in it.
    const share = (cut + random(1000) / 1000) / cuts;
    return moments[moments.length - spread + Math.floor(share * spread)] ?? 0;
  });
  // The last one: all was said, and nothing more was synced.
  const all = [...at.slice(1), moments.at(-1) ?? 0];
  const comebacks = await comeBack(scene, { log: recording.log, cuts: all, seed: random(1e6), lies: false });
  return comebacks.flatMap((comeback) => {
    count(comeback, scene);
    const promised = acknowledged.filter((end) => end <= comeback.cut).length;
    total.acknowledged += promised;
    const problem = problemIn(comeback, scene, promised);
    const moment = moments.indexOf(comeback.cut) + 1;
    return problem === undefined ? [] : [`cut at ${moment} of ${moments.length}: ${problem}`];
  });
}

function count({ found, copies, forgotten }: Comeback, { before, newest }: Scene): void {
  const version = found !== undefined && 'version' in found ? found.version : 0;
  total.cuts += 1;
  total[version === newest ? 'newest' : version === before.version ? 'earlier' : 'between'] += 1;
  total.copies += copies.length;
  for (const key of ['unsynced', 'dropped', 'torn'] as const) total[key] += forgotten[key];
}

async function comeBack(
  { database, directory, image, columns }: Scene,
  rules: Pick<ComebackTask, 'cuts' | 'lies' | 'log' | 'seed'>,
): Promise<Comeback[]> {
  const comebacks: Comeback[] = [];
  const task: ComebackTask = {
    ...rules,
    file: database.file,
    columns,
    image,
    scratch: join(directory, 'scratch'),
  };
  const program = [process.execPath, join(import.meta.dirname, 'comeback-process.ts'), JSON.stringify(task)];
  await using process_ = start(['unshare', '-m', '--propagation', 'private', ...program], {
    onLine: (line) => comebacks.push(JSON.parse(line) as Comeback),
  });
  await Promise.race([process_.exited, late('the database to come back', process_)]);
  if (comebacks.length < rules.cuts.length)
    throw new Error(`${database.file}: ${comebacks.length} of ${rules.cuts.length}: ${process_.lastWords()}`);
  return comebacks;
}

function problemIn(
  { found, copies, back, setAside, lateRows }: Comeback,
  { before, columns, newest, database }: Scene,
  promised: number,
): string | undefined {
  const rows = JSON.stringify(before.rows);
  const isWhole = (facts: DatabaseFacts | { error: string }) =>
    !('error' in facts) &&
    facts.integrity === 'ok' &&
    JSON.stringify(facts.rows) === rows &&
    facts.schema === schemaAt(database.migrations, facts.version).schema;
  if (found === undefined && Object.keys(columns).length > 0) return 'the file is gone';
  if (found !== undefined && !isWhole(found)) return `left is ${show(found)}`;
  if (lateRows < promised) return `of ${promised} acknowledged rows ${lateRows} are left`;
  const broken = copies.find((copy) => !isWhole(copy));
  if (broken !== undefined) return `a copy made before migrating is ${show(broken)}`;
  if (setAside.length > 0) return `${setAside.join()} was set aside as broken`;
  if (!isWhole(back) || 'error' in back || back.version !== newest) return `it came back as ${show(back)}`;
  return undefined;
}

function show(facts: object): string {
  return JSON.stringify(facts).slice(0, 400);
}

/** The same must find a loss where there is one; what it found. */
async function counterProof(
  scene: Scene,
  { log, moments, acknowledged }: Recording,
): Promise<string | undefined> {
  const [comeback] = await comeBack(scene, { log, cuts: moments.slice(-1), seed, lies: true });
  return comeback && problemIn(comeback, scene, acknowledged.length);
}
