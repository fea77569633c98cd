/** The box as its unit starts it, and not for the first time: what node compiled is there. */
import { join } from 'node:path';
import type { Running } from '../support/command.ts';
import { hasStarted } from '../support/dhcp-box.ts';
import { spawnBox, type DhcpWire } from '../support/dhcp-wire.ts';
import { unitEnvironment } from './unit-environment.ts';

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
