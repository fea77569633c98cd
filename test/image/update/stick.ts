/** USB sticks as files, with a FAT file system made without mounting anything. */
import { execFileSync } from 'node:child_process';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { words } from '../../support/command.ts';

/** Folder on the stick (empty: its top) to the files that are copied there. */
export type StickContent = Readonly<Record<string, readonly string[]>>;

const mebibyte = 1024 * 1024;

/** Returns the words that plug it into an emulated machine. */
export function makeStick(file: string, content: StickContent): string[] {
  const bytes = Object.values(content)
    .flat()
    .reduce((sum, name) => sum + statSync(name).size, 0);
  writeFileSync(file, '');
  truncateSync(file, (Math.ceil(bytes / mebibyte) + 64) * mebibyte);
  execFileSync('mkfs.vfat', ['-n', 'STICK', file], { stdio: 'ignore' });
  for (const [folder, names] of Object.entries(content)) {
    if (folder !== '') execFileSync('mmd', ['-i', file, `::${folder}`]);
    for (const name of names)
      execFileSync('mcopy', ['-i', file, name, `::${folder === '' ? '' : `${folder}/`}${basename(name)}`]);
  }
  const drive = `if=none,id=stick,format=raw,readonly=on,file=${file}`;
  return words(`-device qemu-xhci,id=usb -drive ${drive} -device usb-storage,bus=usb.0,drive=stick`);
}
