/**
 * The program's modules as V8 has compiled them, in the root that is verified (`NODE_COMPILE_CACHE`): the first start of a part is no
 * slower than a later one, and no part can change what it runs. What node doesn't take, such as another node's, it compiles itself.
 */
import {
  chmodSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { runInside, type Tools } from './tools-tree.ts';

const home = 'usr/lib/gatehouse';
const folder = 'compiled';

/** Of chance and clock nothing may get into the files: two builds have to be the same. */
const steady = '--hash-seed=1 --random-seed=1 --predictable-gc-schedule --single-threaded';

/** What a first boot does with its settings, and then each module once. */
const scripts = (flags: string, into: string) => {
  const node = `NODE_COMPILE_CACHE=/tmp/${into} /${home}/bin/node ${flags}`;
  return [
    `${node} /${home}/appliance/main.js --config /tmp/settings.toml prepare /tmp/prepared`,
    `${node} --input-type=module -e '
      const { readdirSync } = await import("node:fs");
      const program = "/${home}/appliance/program";
      for (const name of readdirSync(program).sort()) await import(program + "/" + name);
      process.exit();'`,
  ];
};

/** Compiles the program in `root`, for these users. */
export function compileProgram(root: string, tools: Tools, users: readonly number[]): void {
  const script = [
    'mount -t tmpfs tmp /run/root/tmp',
    'in_root() { chroot /run/root /bin/sh -ec "$1"; }',
    `printf '[site]\naddress = "10.20.0.1"\n' >/run/root/tmp/settings.toml`,
    ...[...scripts(steady, 'steady'), ...scripts(steady, 'again'), scripts('', 'plain')[0] ?? ''].map(
      (line) => `in_root "$(cat <<'END'\n${line}\nEND\n)" >/dev/null`,
    ),
    `rm -rf /run/root/${home}/${folder}; mkdir /run/root/${home}/${folder}`,
    `cp -r /run/root/tmp/steady /run/root/tmp/again /run/root/tmp/plain /run/root/${home}/${folder}/`,
    'umount /run/root/tmp',
  ];
  runInside(tools, { [root]: 'root' }, ['sh', '-ec', script.join('\n')]);
  settleCompiled(join(root, home, folder), users);
}

/** From what node left to what it looks for: a folder named by node's version, and by the user, who is the same for us. */
function settleCompiled(compiled: string, users: readonly number[]): void {
  const only = (name: string) => join(compiled, name, readdirSync(join(compiled, name))[0] ?? '');
  const [made, again, plain] = [only('steady'), only('again'), only('plain')];
  const flags = readFlags(readFileSync(join(plain, readdirSync(plain)[0] ?? '')));
  const all = join(compiled, 'all');
  renameSync(made, all);
  for (const name of readdirSync(all)) {
    const bytes = readFileSync(join(all, name));
    if (!bytes.equals(readFileSync(join(again, name)))) throw new Error(`compiled twice, ${name} differs`);
    writeFileSync(join(all, name), withFlags(bytes, flags));
    chmodSync(join(all, name), 0o644);
  }
  chmodSync(all, 0o755);
  const version = plain.slice(plain.lastIndexOf('/') + 1).replace(/-\d+$/, '');
  for (const name of ['steady', 'again', 'plain']) rmSync(join(compiled, name), { recursive: true });
  for (const user of users) symlinkSync('all', join(compiled, `${version}-${user}`));
}

/** node's own header has five numbers of four bytes, the last a checksum of what follows; V8's then has the hash of its flags as its fourth. */
const checksumAt = 16;
const dataAt = 20;
const flagsAt = dataAt + 12;

function readFlags(bytes: Buffer): number {
  return bytes.readUInt32LE(flagsAt);
}

/** As if it had been compiled under these flags: those of `steady` change nothing in what is compiled. */
export function withFlags(bytes: Buffer, flags: number): Buffer {
  if (bytes.readUInt32LE(checksumAt) !== crc32(bytes.subarray(dataAt)))
    throw new Error('node keeps compiled modules in another form: look at compiled.ts');
  const changed = Buffer.from(bytes);
  changed.writeUInt32LE(flags, flagsAt);
  changed.writeUInt32LE(crc32(changed.subarray(dataAt)), checksumAt);
  return changed;
}
