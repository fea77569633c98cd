/** What people bring to a box: settings and orders to reset, signed as systemd/README.md says, on sticks and on a hypervisor's volume. */
import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeStick } from '../stick.ts';

export interface SiteKey {
  readonly key: KeyObject;
  /** `box.settings_key` */
  readonly settingsKey: string;
}

export function newSiteKey(): SiteKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return { key: privateKey, settingsKey: spki.subarray(-32).toString('base64') };
}

export function signature({ key }: SiteKey, use: 'settings' | 'reset', text: string): string {
  return sign(null, Buffer.from(`gatehouse ${use} 1\n${text}`), key).toString('base64');
}

/** Name of a file in the stick's top folder to what is in it. */
export type Offer = Readonly<Record<string, string>>;

/** `more`: folders of this machine that are copied beside the files. */
export function stickWith(file: string, offer: Offer, more: readonly string[] = []): string {
  return makeStick(file, { '': [...written(`${file}.d`, offer), ...more] });
}

/** An ISO 9660 volume CIDATA, as a hypervisor makes it for cloud-init. Returns the words that put it into the machine's drive `cd`. */
export function noCloudDrive(file: string, userData: string): string[] {
  const files = written(`${file}.d`, { 'user-data': userData, 'meta-data': 'instance-id: box-1\n' });
  execFileSync('genisoimage', ['-quiet', '-V', 'cidata', '-J', '-r', '-o', file, ...files]);
  const drive = `if=none,id=volume,format=raw,readonly=on,file=${file}`;
  return ['-drive', drive, '-device', 'ide-cd,drive=volume,id=cd,bus=ide.0'];
}

/** A folder of this machine with so many files. */
export function manyFiles(folder: string, count: number): string {
  const names = Array.from({ length: count }, (_, at) => [`file${at}.txt`, ''] as const);
  written(folder, Object.fromEntries(names));
  return folder;
}

function written(folder: string, offer: Offer): string[] {
  mkdirSync(folder, { recursive: true });
  return Object.entries(offer).map(([name, text]) => {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  });
}
