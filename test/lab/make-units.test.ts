/** What the image makes of the settings at a boot: its own scripts and the program, in a root that has only their folders of its own. */
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../support/command.ts';
import { temporaryDirectory } from '../support/directory.ts';

const tree = join(import.meta.dirname, '../..');

const settings = (address: string) => `[site]
address = "${address}"
[dhcp]
mode = "server"
interface = "enp0s3"
subnet = "10.66.0.0/16"
pool = ["10.66.1.0", "10.66.9.255"]
[web]
address = "10.67.0.1"
[[box.card]]
name = "enp0s3"
role = "phones"
address = "${address}/16"
[[box.card]]
name = "enp0s4"
role = "management"
address = "10.67.0.1/24"
`;

interface Box {
  readonly folder: string;
  /** `/run` is empty. */
  boot(): Promise<void>;
  makeUnits(): Promise<void>;
  write(toml: string): void;
  readonly read: (path: string) => string;
  /** Starts of the program, and what systemctl was told. */
  takeCalls(): string[];
}

function openBox(): Box {
  const folder = temporaryDirectory();
  for (const name of ['etc/gatehouse', 'etc-work', 'var-lib', 'run', 'bin'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\ngatehouse:x:900:\n');
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
  const calls = join(folder, 'calls');
  const program = `exec ${process.execPath} ${tree}/appliance/main.ts "$@"`;
  const generate = `mkdir -p /run/systemd/generator; rm -rf /run/systemd/generator/*
    /usr/lib/systemd/system-generators/gatehouse-units /run/systemd/generator`;
  const reload = `[ "$1" != daemon-reload ] || { ${generate}; }`;
  for (const [name, body] of Object.entries({ gatehouse: program, systemctl: reload, chronyc: '' })) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho "${name} $1" >>${calls}\n${body}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  // systemd asks the generator before it starts anything.
  const inside = `
    mount -t overlay -o lowerdir=/etc,upperdir=${folder}/etc,workdir=${folder}/etc-work overlay /etc; mount --bind ${folder}/var-lib /var/lib; mount --bind ${folder}/run /run
    mount -t overlay -o lowerdir=${tree}/image/root/usr/lib:/usr/lib overlay /usr/lib
    [ -d /run/systemd/generator ] || { ${generate}; }
    PATH=${folder}/bin:$PATH /usr/lib/gatehouse/image/make-units`;
  const makeUnits = async () => {
    await run(['unshare', '--mount', 'sh', '-ec', inside]);
  };
  return {
    folder,
    makeUnits,
    boot: async () => {
      rmSync(join(folder, 'run'), { recursive: true });
      mkdirSync(join(folder, 'run'));
      await makeUnits();
    },
    write: (toml) => writeFileSync(join(folder, 'etc/gatehouse/gatehouse.toml'), toml),
    read: (path) => readFileSync(join(folder, path), 'utf8'),
    takeCalls: () => {
      const made = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
      rmSync(calls, { force: true });
      return made;
    },
  };
}

const units = (box: Box) => readdirSync(join(box.folder, 'run/systemd/generator'));
const kept = 'etc/gatehouse/gatehouse.toml';

const time = (box: Box) => readdirSync(join(box.folder, 'run/gatehouse-units/time'));

it('the time servers of the settings take the place of the usual ones, and make room for them again', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1'));
  await box.boot();
  expect(time(box)).toEqual(['usual.sources']);
  expect(box.read('run/gatehouse-units/time/usual.sources').match(/^server \S+ iburst nts$/gm)).toHaveLength(
    3,
  );
  box.takeCalls();
  box.write(`${settings('10.66.0.1')}[box]\ntime_servers = ["10.67.0.9", "ntp.site.example nts"]\n`);
  await box.makeUnits();
  expect(time(box)).toEqual(['site.sources']);
  expect(box.read('run/gatehouse-units/time/site.sources')).toBe(
    'server 10.67.0.9 iburst\nserver ntp.site.example iburst nts\n',
  );
  expect(box.takeCalls()).toContain('chronyc reload');
  box.write(settings('10.66.0.1'));
  await box.makeUnits();
  expect(time(box)).toEqual(['usual.sources']);
});

it('one start of the program makes network, units and rules of the firewall, and systemd needn’t read its units again', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1'));
  await box.boot();
  expect(box.takeCalls()).toEqual(['gatehouse prepare']);
  expect(units(box)).toContain('gatehouse-dhcp-enp0s3.socket');
  expect(units(box)).toContain('gatehouse-first.target');
  const wanted = readdirSync(join(box.folder, 'run/systemd/generator/gatehouse-first.target.wants'));
  expect(wanted).toContain('gatehouse@dhcp.service');
  expect(box.read('run/systemd/network/10-gatehouse-enp0s3.network')).toContain('Address=10.66.0.1/16');
  expect(box.read('run/gatehouse-units/rules')).toContain('table inet gatehouse_base');
});

it('a boot with settings that it knows starts no program, and finds its units in place', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1'));
  await box.boot();
  box.takeCalls();
  await box.boot();
  expect(box.takeCalls()).toEqual([]);
  expect(units(box)).toContain('gatehouse.target.wants');
  expect(units(box)).not.toContain('gatehouse-first.target');
  expect(box.read('run/systemd/network/10-gatehouse-enp0s3.network')).toContain('Address=10.66.0.1/16');
});

it('settings that change while the box runs have systemd read its units again', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1'));
  await box.boot();
  box.takeCalls();
  box.write(settings('10.66.0.1').replace('mode = "server"', 'mode = "off"'));
  await box.makeUnits();
  expect(box.takeCalls()).toEqual(['gatehouse prepare', 'systemctl daemon-reload']);
  expect(units(box).filter((name) => /dhcp|first/.test(name))).toEqual([]);
});

it('settings that are no good give way to the last ones that were, and stay beside them', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1'));
  await box.boot();
  const refused = settings('10.66.0.1').replace('[dhcp]', '[dhcq]');
  box.write(refused);
  await box.boot();
  expect(box.read(kept)).toBe(settings('10.66.0.1'));
  expect(box.read(`${kept}.refused`)).toBe(refused);
  expect(units(box)).toContain('gatehouse-dhcp-enp0s3.socket');
});

it('first settings that are no good leave the page alone, where they wanted it', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1').replace('[dhcp]', '[dhcq]'));
  await box.boot();
  expect(box.read(kept)).toContain('[web]\naddress = "10.67.0.1"');
  expect(box.read('run/systemd/network/10-gatehouse-enp0s3.network')).toContain('Address=10.66.0.1/16');
  expect(units(box).filter((name) => name.includes('dhcp'))).toEqual([]);
});

it('cards that are no good are left as the machine has them', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1').replace('role = "phones"', 'role = "phone"'));
  await box.boot();
  expect(box.read(kept)).toContain('the page alone');
  expect(box.read(kept)).not.toContain('box.card');
  expect(readdirSync(join(box.folder, 'run/systemd/network'))).toEqual([]);
});

it('a change of the network that nobody confirmed is put back at the next boot, and not before', async () => {
  const box = openBox();
  box.write(settings('10.66.0.1'));
  await box.boot();
  box.write(settings('10.66.0.2'));
  writeFileSync(join(box.folder, 'var-lib/gatehouse/box/network-pending'), `${Date.now() + 60_000}`);
  await box.makeUnits();
  expect(box.read(kept)).toContain('10.66.0.2');
  await box.boot();
  expect(box.read(kept)).toBe(settings('10.66.0.1'));
  expect(box.read('run/systemd/network/10-gatehouse-enp0s3.network')).toContain('Address=10.66.0.1/16');
});
