/** What a booted image measured, kept beside it in `image/out/figures.json`: image/FIGURES.md is made from it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../support/command.ts';
import type { EmulatedMachine } from './machine.ts';

type Figures = Readonly<Record<string, number>>;

const file = join(import.meta.dirname, '../../image/out/figures.json');

/** Adds to what is there; whole numbers or one place behind the point. */
export function saveFigures(figures: Figures): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Figures) : {};
  const rounded = Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Math.round(value * 10) / 10]),
  );
  writeFileSync(file, `${JSON.stringify({ ...before, ...rounded }, undefined, 2)}\n`);
  for (const [name, value] of Object.entries(rounded)) console.log(`${name}: ${value}`);
}

const bootMs = 600_000;

/** Waits for these parts to be at work; seconds since power on. */
export async function isServing(machine: EmulatedMachine, parts: readonly string[]): Promise<number> {
  const units = parts.map((part) => `gatehouse@${part}.service`).join(' ');
  const areActive = async () =>
    (await machine.shell(`systemctl is-active ${units} || true`, bootMs)).match(/^active$/gm)?.length ===
      parts.length || undefined;
  await until(`${parts.join(', ')} to be at work`, areActive, {
    timeoutMs: bootMs,
    everyMs: 1000,
    hopeless: machine.hasEnded,
    lastSeen: () => machine.console().slice(-3000),
  });
  return Math.round(machine.age() / 100) / 10;
}

/** Seconds of each phase, as systemd reckons them. */
export async function readPhases(machine: EmulatedMachine): Promise<Figures> {
  const text = await machine.shell('systemd-analyze time');
  const phases = text.matchAll(/(?:(\d+)min )?([\d.]+)(m?)s \((\w+)\)/g);
  return Object.fromEntries(
    Array.from(phases, ([, minutes = '0', amount = '0', milli, name]) => [
      `boot, ${name}, s`,
      Number(minutes) * 60 + Number(amount) / (milli === 'm' ? 1000 : 1),
    ]),
  );
}

/**
 * Memory of each part in MB: what its cgroup is charged with, caches and kernel included, and its processes' proportional share
 * of what is mapped, which counts the runtime that all of them share once.
 */
export async function readMemory(
  machine: EmulatedMachine,
  parts: readonly string[],
): Promise<Record<string, number>> {
  const text = await machine.shell(
    parts
      .map(
        (part) => `group=/sys/fs/cgroup$(systemctl show -P ControlGroup gatehouse@${part})
pss=0
for pid in $(cat $group/cgroup.procs); do pss=$((pss + $(awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup))); done
echo ${part} $(cat $group/memory.current) $pss`,
      )
      .join('\n'),
  );
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  const megabytes = rows.map(([part, charged, pss]) => ({
    part,
    charged: Number(charged) / 2 ** 20,
    pss: Number(pss) / 2 ** 10,
  }));
  return {
    ...Object.fromEntries(megabytes.map(({ part, pss }) => [`${part}, PSS, MB`, pss])),
    'all parts, PSS, MB': sum(megabytes.map(({ pss }) => pss)),
    'all parts, cgroups, MB': sum(megabytes.map(({ charged }) => charged)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
