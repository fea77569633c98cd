/** USB sticks as files, with a FAT file system made without mounting anything, and the machine's socket for them. */
import { execFileSync } from 'node:child_process';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { words } from '../support/command.ts';

/** What makes them, besides what boots the image: program to package. */
export const stickPrograms = { mcopy: 'mtools', '/usr/sbin/mkfs.vfat': 'dosfstools' } as const;

/** Folder on the stick (empty: its top) to the files and folders that are copied there. */
export type StickContent = Readonly<Record<string, readonly string[]>>;

const mebibyte = 1024 * 1024;

/** Returns the file. */
export function makeStick(file: string, content: StickContent): string {
  const bytes = Object.values(content)
    .flat()
    .reduce((sum, name) => sum + statSync(name).size, 0);
  writeFileSync(file, '');
  truncateSync(file, (Math.ceil(bytes / mebibyte) + 64) * mebibyte);
  execFileSync('mkfs.vfat', ['-n', 'STICK', file], { stdio: 'ignore' });
  for (const [folder, names] of Object.entries(content)) {
    if (folder !== '') execFileSync('mmd', ['-i', file, `::${folder}`]);
    for (const name of names)
      execFileSync('mcopy', [
        '-s',
        '-i',
        file,
        name,
        `::${folder === '' ? '' : `${folder}/`}${basename(name)}`,
      ]);
  }
  return file;
}

/** Words for an emulated machine whose USB socket is empty. */
export const usbSocket: readonly string[] = words('-device qemu-xhci,id=usb');

/** Words for one that is turned on with this stick in it. */
export function pluggedIn(stick: string): string[] {
  const node = `driver=raw,node-name=stick,read-only=on,file.driver=file,file.filename=${stick},file.read-only=on`;
  return [...usbSocket, ...words(`-blockdev ${node} -device usb-storage,bus=usb.0,drive=stick,id=stick`)];
}
