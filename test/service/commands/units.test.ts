import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unitsCommand } from '../../../appliance/commands/units.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gatehouse-units-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function writeUnits(settings: string): Promise<void> {
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, settings);
  const call = { configFile, json: false, rest: [join(directory, 'units')], out: () => undefined };
  expect(await unitsCommand(call)).toBe(0);
}

const server = (card: string) =>
  `[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "server"\ninterface = "${card}"\nsubnet = "10.20.0.0/24"\npool = ["10.20.0.100", "10.20.0.199"]\n`;

it("units of earlier settings go, people's own stay", async () => {
  await writeUnits(server('eth0'));
  const units = join(directory, 'units');
  writeFileSync(join(units, 'gatehouse-own.socket'), '[Socket]\n');
  const own = join(units, 'gatehouse@location.service.d/own.conf');
  writeFileSync(own, '[Service]\n');
  mkdirSync(join(units, 'sshd.service.d'));
  await writeUnits(server('eth1'));
  const files = readdirSync(units);
  expect(files.filter((name) => name.startsWith('gatehouse-dhcp-'))).toEqual([
    'gatehouse-dhcp-client-eth1.socket',
    'gatehouse-dhcp-eth1.socket',
  ]);
  expect(files).toContain('gatehouse-own.socket');
  expect(existsSync(own)).toBe(true);
  const wanted = readdirSync(join(units, 'gatehouse.target.wants'));
  expect(wanted.filter((name) => name.includes('eth0'))).toEqual([]);
  expect(readlinkSync(join(units, 'gatehouse.target.wants/gatehouse-dhcp-eth1.socket'))).toBe(
    '../gatehouse-dhcp-eth1.socket',
  );
});
