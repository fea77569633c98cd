/** A box that is updated without a machine: what would be done to one is noted. */
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { parseConfig } from '../../appliance/config.ts';
import { openStore } from '../../appliance/store/store.ts';
import { readUpdateFacts } from '../../appliance/store/update-facts.ts';
import type { UpdateNeeds } from '../../appliance/update/needs.ts';
import type { Machine } from '../../appliance/update/work.ts';
import { fakeClock } from './clock.ts';
import { temporaryDirectory } from './directory.ts';
import { releaseDay, trustIn, type Maker } from './release.ts';

/** In the window of the settings as they come, 02:00 to 05:00. */
const night = releaseDay + 3 * 3_600_000;

export function updateBox(maker: Maker, settings = '', state = join(temporaryDirectory(), 'state')) {
  const clock = fakeClock(night);
  const config = parseConfig(
    `[site]\naddress = "10.66.0.1"\nstate_directory = "${state}"\n${settings}`,
    'test',
  );
  const store = openStore({ directory: state, part: 'box', clock });
  onTestFinished(() => store[Symbol.dispose]());
  const boot = { version: '0.1.0', id: 'boot 1', isOnTrial: false };
  const done: string[] = [];
  const trouble: { install?: string } = {};
  const needs = (): UpdateNeeds => ({
    config,
    clock,
    log: pino({ enabled: false }),
    image: { version: boot.version, architecture: 'amd64' },
    roots: trustIn(maker).roots,
    store,
  });
  const machine = (): Machine => ({
    bootId: boot.id,
    isOnTrial: boot.isOnTrial,
    install: async (version) => {
      done.push(`install ${version}`);
      if (trouble.install !== undefined) throw new Error(trouble.install);
    },
    setBack: async (version) => void done.push(`set back ${version}`),
    restart: async () => void done.push('restart'),
  });
  return {
    state,
    stick: join(temporaryDirectory(), 'stick'),
    clock,
    store,
    needs,
    machine,
    done,
    trouble,
    facts: () => readUpdateFacts(store.db),
    /** The machine comes up with this release. */
    boot: (version: string, isOnTrial: boolean) => {
      Object.assign(boot, { version, isOnTrial, id: `boot of ${version} after ${boot.id}` });
    },
    journal: () =>
      (
        store.db.prepare('SELECT kind, body FROM journal ORDER BY seq').all() as {
          kind: string;
          body: string;
        }[]
      ).map(({ kind, body }) => `${kind} ${body}`),
  };
}
