/** USB sticks as files, with a FAT file system made without mounting anything. */
import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Folder on the stick (empty: its top) to the files that are copied there. */
export type StickContent = Readonly<Record<string, readonly string[]>>;

const mebibyte = 1024 * 1024;

/** Returns the words that plug it into an emulated machine. */
export function makeStick(file: string, content: StickContent): string[] {
  const bytes = Object.values(content)
    .flat()
    .reduce((sum, name) => sum + statSync(name).size, 0);
  writeFileSync(file, '');
  const megabytes = Math.ceil(bytes / mebibyte) + 64;
  execFileSync('truncate', ['-s', `${megabytes}M`, file]);
  execFileSync('mkfs.vfat', ['-n', 'STICK', file], { stdio: 'ignore' });
  for (const [folder, names] of Object.entries(content)) {
    if (folder !== '') execFileSync('mmd', ['-i', file, `::${folder}`]);
    for (const name of names)
      execFileSync('mcopy', ['-i', file, name, `::${folder === '' ? '' : `${folder}/`}${basename(name)}`]);
  }
  return [
    ...['-device', 'qemu-xhci,id=usb', '-drive', `if=none,id=stick,format=raw,readonly=on,file=${file}`],
    ...['-device', 'usb-storage,bus=usb.0,drive=stick'],
  ];
}
