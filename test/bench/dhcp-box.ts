/** The box as its unit starts it, and not for the first time: what node compiled is there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running } from '../support/command.ts';
import { hasStarted } from '../support/dhcp-box.ts';
import { spawnBox, type DhcpWire } from '../support/dhcp-wire.ts';

const units = join(import.meta.dirname, '../../systemd/system');

export async function startBox(wire: DhcpWire, place: Parameters<typeof spawnBox>[1] = {}): Promise<Running> {
  const environment = { ...process.env, ...unitEnvironment('dhcp', join(wire.directory, 'cache')) };
  {
    await using first = spawnBox(wire, { environment });
    await hasStarted(first);
  }
  const box = spawnBox(wire, { ...place, environment });
  await hasStarted(box);
  return box;
}

/** What `Environment=` says in the part's unit and its drop-ins, with `cache` as the unit's cache directory. */
function unitEnvironment(part: string, cache: string): Record<string, string> {
  const dropIns = join(units, `gatehouse@${part}.service.d`);
  const files = [
    join(units, 'gatehouse@.service'),
    ...readdirSync(dropIns).map((name) => join(dropIns, name)),
  ];
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const lines = texts.flatMap((text) => text.match(/^Environment=.*/gm) ?? []);
  const pairs = lines.flatMap((line) => [...line.slice('Environment='.length).matchAll(/"([^"]*)"|(\S+)/g)]);
  return Object.fromEntries(
    pairs.map(([, quoted, plain = '']) => {
      const [name = '', ...value] = (quoted ?? plain).split('=');
      return [name, value.join('=').replace(/^%C\/gatehouse\/%i$/, cache)];
    }),
  );
}
