/**
 * A machine that boots real systemd: this machine's own root, under an overlay that takes all changes, in namespaces of its own.
 * What is installed in it is gone with it.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run, until, type Running } from './command.ts';
import type { Lab, Namespace } from './namespaces.ts';

export interface Machine extends AsyncDisposable {
  /** Runs a command inside, as root. */
  exec(command: readonly string[]): Promise<string>;
  /** The same in a shell. */
  shell(script: string): Promise<string>;
}

/** Where a machine has the modules as the tree has them, which the installed program is bundled of: for tests' own scripts. */
export const modules = '/opt/tree/appliance';

interface MachineOptions {
  readonly lab: Lab;
  /** Whose network it has. */
  readonly namespace: Namespace;
  /** Debian package that is installed before it boots. */
  readonly package: string;
  /** Path to text, put in place before it boots. */
  readonly files: Readonly<Record<string, string>>;
  /** Shell lines run after that, with its root as `/`; no single quotes. */
  readonly prepare: readonly string[];
}

const tree = join(import.meta.dirname, '../..');

/** Resolves when systemd has booted to the end. */
export async function bootMachine({ lab, namespace, ...options }: MachineOptions): Promise<Machine> {
  for (const [path, text] of Object.entries(options.files)) {
    const file = join(lab.directory, 'files', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const script = join(lab.directory, 'boot');
  writeFileSync(script, bootScript(lab.directory, options));
  chmodSync(script, 0o755);
  const spaces = ['--mount', '--pid', '--uts', '--ipc', '--cgroup'];
  const running = namespace.start(['unshare', ...spaces, '--fork', '--kill-child', script], {
    logFile: join(lab.directory, 'machine.log'),
    errorsAreLines: true,
  });
  const inside = () => ['nsenter', '-a', '-t', String(firstChild(running))];
  const exec = (command: readonly string[]) => run([...inside(), ...command], { timeoutMs: 60_000 });
  const hasBooted = async () => (await exec(['systemctl', 'is-active', 'lab.target'])).trim() === 'active';
  await until('systemd to boot', hasBooted, {
    timeoutMs: 60_000,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  return {
    exec,
    shell: (words) => exec(['sh', '-ec', words]),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

function firstChild({ pid }: Running): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ')[0]);
}

function bootScript(directory: string, options: Pick<MachineOptions, 'package' | 'prepare'>): string {
  const scratch = join(directory, 'machine');
  return `#!/bin/sh
set -e
mount --make-rprivate /
mkdir -p ${scratch}
mount -t tmpfs -o mode=755 tmpfs ${scratch}
cd ${scratch}
mkdir up work root
mount -t overlay overlay -o lowerdir=/,upperdir=up,workdir=work root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do : > dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
cp ${options.package} tmp/package.deb
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\n' > etc/systemd/system/lab.target
chroot . /bin/sh -ec 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin
dpkg -i /tmp/package.deb'
mkdir -p .${dirname(modules)}
cp -r ${tree}/appliance ${tree}/package.json ${tree}/firmware-templates ${tree}/systemd .${dirname(modules)}
mkdir .${dirname(modules)}/node_modules
mount --bind $(readlink -f ${tree}/node_modules) .${dirname(modules)}/node_modules
cp -r ${directory}/files/. .
chroot . /bin/sh -ec 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin
${options.prepare.join('\n')}'
mkdir -p old
pivot_root . old
exec chroot . env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  sh -c 'umount -l /old; exec /lib/systemd/systemd --unit=lab.target --log-target=console'
`;
}

export interface UnitState {
  readonly state: string;
  readonly pid: string;
}

export async function unitState(machine: Machine, unit: string): Promise<UnitState> {
  const show = ['systemctl', 'show', '-p', 'ActiveState', '-p', 'MainPID', unit];
  const shown = new Map(
    (await machine.exec(show))
      .trim()
      .split('\n')
      .map((line) => line.split('=') as [string, string]),
  );
  return { state: shown.get('ActiveState') ?? '', pid: shown.get('MainPID') ?? '' };
}
