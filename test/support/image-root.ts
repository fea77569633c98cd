/** Scripts of the image, run as on a booted box: in a mount namespace with its folders, and with programs that only note their call. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from './command.ts';
import { temporaryDirectory } from './directory.ts';

const overlay = join(import.meta.dirname, '../../image/root/usr/lib');
const scripts = '/usr/lib/gatehouse/image';

export interface ImageRoot {
  /** A file of the box, below /etc, /var/lib or /run. Undefined: it is not there. */
  read(path: string): string | undefined;
  write(path: string, text: string): void;
  remove(path: string): void;
  /** Runs a script of the image by its name, with these words; returns what it printed. */
  script(words: string, options?: { readonly before?: string; readonly input?: string }): Promise<string>;
  /** What the programs were called with since the last time. */
  takeCalls(): string[];
}

/** `programs`: name to the shell commands that it consists of, besides noting how it was called. */
export function openImageRoot(programs: Readonly<Record<string, string>> = {}): ImageRoot {
  const folder = temporaryDirectory();
  for (const name of ['etc', 'etc-work', 'var/lib', 'run', 'bin'])
    mkdirSync(join(folder, name), { recursive: true });
  const calls = join(folder, 'calls');
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho "${name} $*" >>${calls}\n${body}\n`);
    chmodSync(join(folder, 'bin', name), 0o755);
  }
  const mounts = `
    mount -t overlay -o lowerdir=/etc,upperdir=${folder}/etc,workdir=${folder}/etc-work overlay /etc
    mount --bind ${folder}/var/lib /var/lib; mount --bind ${folder}/run /run
    mount -t overlay -o lowerdir=${overlay}:/usr/lib overlay /usr/lib
    PATH=${folder}/bin:$PATH`;
  const place = (path: string) => join(folder, path);
  return {
    read: (path) => (existsSync(place(path)) ? readFileSync(place(path), 'utf8') : undefined),
    write: (path, text) => {
      mkdirSync(dirname(place(path)), { recursive: true });
      writeFileSync(place(path), text);
    },
    remove: (path) => rmSync(place(path), { recursive: true }),
    script: async (words, { before = '', input = '' } = {}) =>
      await run(['unshare', '--mount', 'sh', '-ec', `${mounts}\n${before}\n${scripts}/${words}`], { input }),
    takeCalls: () => {
      const made = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
      rmSync(calls, { force: true });
      return made;
    },
  };
}
