/** Box and cloud killed under load: the count must come out even, and each row the same. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import type { PartName } from '../../../appliance/store/journal-kinds.ts';
import { readReport } from '../../../appliance/store/telemetry.ts';
import { newCloudAuthority } from '../../cloud/certificates.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { journalBench, journalOf, site, token, writeRows } from '../../support/journal-bench.ts';

const parts = ['dhcp', 'sip'] as const;

it(
  'nothing is lost or doubled when box and cloud are killed again and again under load',
  { timeout: 90_000 },
  async () => {
    const directory = temporaryDirectory();
    const authority = await newCloudAuthority();
    const tls = await authority.certificateFor(['127.0.0.1']);
    const settings = join(directory, 'cloud.json');
    const cloudSettings = (port: number) => {
      writeFileSync(
        settings,
        JSON.stringify({
          address: '127.0.0.1',
          port,
          tls,
          file: join(directory, 'cloud.db'),
          tokens: { [site]: token },
        }),
      );
    };
    cloudSettings(0);
    let cloud = await forkCloud(settings);
    const { config, configFile, store } = journalBench(`https://127.0.0.1:${cloud.port}`, authority.ca, 20);
    cloudSettings(cloud.port);
    let box = spawnBox(configFile);

    const stop = new AbortController();
    const writers = parts.map(async (part) => {
      const own = store(part);
      for (let n = 1; !stop.signal.aborted; n += 20) {
        await writeRows(own, n, 20);
        await sleep(10);
      }
    });
    for (let round = 0; round < 6; round += 1) {
      await sleep(900);
      if (round % 2 === 0) {
        box.kill('SIGKILL');
        await once(box, 'exit');
        box = spawnBox(configFile);
      } else {
        cloud.process.kill('SIGKILL');
        await once(cloud.process, 'exit');
        await sleep(300);
        cloud = await forkCloud(settings);
      }
    }
    stop.abort();
    await Promise.all(writers);

    const counted = () => {
      const db = new Database(join(directory, 'cloud.db'), { readonly: true });
      try {
        const rows = db.prepare('SELECT part, seq, body FROM row ORDER BY part, seq').all() as {
          part: PartName;
          seq: number;
          body: string;
        }[];
        return rows;
      } finally {
        db.close();
      }
    };
    await until(
      'every row of dhcp and sip',
      () =>
        parts.every(
          (part) => counted().filter((row) => row.part === part).length >= journalOf(config, part).length,
        ) || undefined,
      {
        timeoutMs: 45_000,
        everyMs: 200,
        lastSeen: () => JSON.stringify(readReport(config.site.state_directory, 'cloud')),
      },
    );
    const rows = counted();
    for (const part of parts) {
      const there = rows.filter((row) => row.part === part).map(({ seq, body }) => ({ seq, body }));
      expect(there.length).toBeGreaterThan(500);
      expect(there).toEqual(journalOf(config, part));
    }
  },
);

async function forkCloud(settings: string): Promise<{ process: ChildProcess; port: number }> {
  const child = fork(join(import.meta.dirname, '../../support/journal-cloud-process.ts'), [settings]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  return { process: child, port };
}

function spawnBox(configFile: string): ChildProcess {
  const main = join(import.meta.dirname, '../../../appliance/main.ts');
  const child = spawn(process.execPath, [main, 'run', 'cloud', '--config', configFile], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
