/** What the person at the machine reads when the box can't start: one line that says what to do, never a stack trace. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../support/directory.ts';

const root = join(import.meta.dirname, '../..');

/** A settings file whose parts can all run here; returns its directory and path. */
function settings(extra = '', webPort = 0): { directory: string; file: string } {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o755);
  const file = join(directory, 'gatehouse.toml');
  writeFileSync(
    file,
    `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n[web]\nport = ${webPort}\n${extra}`,
  );
  return { directory, file };
}

/** Runs `gatehouse run web` in a mount namespace of its own, after `prepare`; stopped after ten seconds. */
function runBox(file: string, prepare = 'true', before: string[] = []) {
  const command = [
    ...before,
    process.execPath,
    join(root, 'appliance/main.ts'),
    'run',
    'web',
    '--config',
    file,
  ];
  const quoted = command.map((word) => `'${word}'`).join(' ');
  return spawnSync('unshare', ['--mount', 'sh', '-c', `${prepare} && exec ${quoted}`], {
    encoding: 'utf8',
    timeout: 10_000,
    cwd: root,
  });
}

function expectOneLine(result: ReturnType<typeof runBox>, words: RegExp): void {
  const lines = result.stderr.trim().split('\n');
  expect({ status: result.status, lines: lines.length }).toEqual({ status: 1, lines: 1 });
  expect(result.stderr).toMatch(/^gatehouse: /);
  expect(result.stderr).toMatch(words);
  expect(result.stderr).not.toMatch(/\bat .*:\d+:\d+/);
}

it('says that its port is taken, and which', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  expectOneLine(runBox(settings('', port).file), new RegExp(`${port}.*(in use|taken)`));
});

it('says that the disk is full, and where', () => {
  const { directory, file } = settings();
  const full = `mkdir ${directory}/state && mount -t tmpfs -o size=16k tmpfs ${directory}/state && (dd if=/dev/zero of=${directory}/state/fill bs=4k count=8 2>/dev/null || true)`;
  expectOneLine(runBox(file, full), /full|no space/i);
});

it('says that the disk is read-only, and where', () => {
  const { directory, file } = settings();
  expectOneLine(
    runBox(file, `mkdir ${directory}/state && mount -t tmpfs -o ro tmpfs ${directory}/state`),
    /state_directory.*cannot be written/,
  );
});

it('says which right is missing', () => {
  const { directory, file } = settings();
  const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
  expectOneLine(
    runBox(file, `mkdir -m 700 ${directory}/state`, asNobody),
    /state_directory.*cannot be written/,
  );
});

it('says that DHCP got no socket of its card, and what gives it one', () => {
  const { file } = settings(
    '[dhcp]\nmode = "server"\nsubnet = "127.0.0.0/24"\npool = ["127.0.0.10", "127.0.0.20"]\n',
  );
  const result = spawnSync(
    process.execPath,
    [join(root, 'appliance/main.ts'), 'run', 'dhcp', '--config', file],
    {
      encoding: 'utf8',
      timeout: 10_000,
    },
  );
  expectOneLine(result, /with-sockets/);
});

it('says that the card for DHCP is not there', () => {
  const { file } = settings();
  const command = [
    'dhcp=nosuchcard0:udp:67',
    '--',
    process.execPath,
    'appliance/main.ts',
    'run',
    '--config',
    file,
  ];
  const result = spawnSync(join(root, 'systemd/with-sockets'), command, {
    encoding: 'utf8',
    timeout: 10_000,
    cwd: root,
  });
  expect(result.status).toBe(1);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
  expect(result.stderr).toMatch(/nosuchcard0/);
});

it('says all that is wrong in the settings, by key, and that a command does not exist', () => {
  const { file } = settings('[sip]\nudp_port = "many"\n');
  expectOneLine(runBox(file), /sip\.udp_port/);
  const result = spawnSync(process.execPath, [join(root, 'appliance/main.ts'), 'dance'], {
    encoding: 'utf8',
  });
  expect(result.status).toBe(2);
  expect(result.stderr).toMatch(/no command "dance"/);
});
