/**
 * `npm run image:release -- COMMAND`: keys of releases, and what they sign. Root keys stay offline: `key`, `certify` and `revoke` are
 * for a machine without network, `sign` is for the one that builds. See image/UPDATES.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { announcementName } from '../../appliance/update/names.ts';
import { keyId, parseJson, readSignedText } from '../../appliance/update/signed-text.ts';
import { newerRevocations, verifiedManifest, type Revocations } from '../../appliance/update/trust.ts';
import { makeKeyFiles, readPrivateKey, readPublicKey } from './key-files.ts';
import { manifestOf } from './payload.ts';
import { announce, certify, publicKeyOf, revoke } from './signing.ts';

const usage = `usage: npm run image:release -- COMMAND
  key NAME [--open]                       makes NAME.key (sealed with a passphrase unless --open) and NAME.pub
  certify KEY.pub --root ROOT.key --out FILE [--days 400]
                                          certifies a release key
  revoke KEYID… --root ROOT.key --list FILE
                                          takes release keys back, with all that the list took back before
  sign PAYLOAD --key KEY.key --certificate FILE --root-pub ROOT.pub [--days 180] [--floor V] [--from V]
                                          writes the announcement into the payload's folder
  show FILE.pub                           the id of a key`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    open: { type: 'boolean' },
    root: { type: 'string' },
    'root-pub': { type: 'string' },
    key: { type: 'string' },
    certificate: { type: 'string' },
    out: { type: 'string' },
    list: { type: 'string' },
    days: { type: 'string' },
    floor: { type: 'string' },
    from: { type: 'string' },
  },
});

const dayMs = 86_400_000;
const [command = '', ...words] = positionals;

const commands: Readonly<Record<string, () => Promise<void> | void>> = {
  key: async () => {
    const key = await makeKeyFiles(needed(words[0]), values.open !== true);
    console.log(`key ${keyId(key)}`);
  },
  show: () => console.log(keyId(readPublicKey(needed(words[0])))),
  certify: async () => {
    const key = readPublicKey(needed(words[0]));
    const from = Date.now();
    const validity = { from, to: from + days(400) * dayMs };
    const certificate = certify(key, await readPrivateKey(needed(values.root)), validity);
    writeJson(needed(values.out), certificate);
    console.log(certificate.text);
  },
  revoke: async () => {
    const unlike = words.find((id) => !/^[0-9a-f]{32}$/.test(id));
    if (unlike !== undefined || words.length === 0) throw new Error(`"${unlike ?? ''}" is no id of a key`);
    const root = await readPrivateKey(needed(values.root));
    const file = needed(values.list);
    const list = revoke(words, root, formerList(file, publicKeyOf(root)));
    writeJson(file, list);
    console.log(list.text);
  },
  sign: async () => {
    const folder = resolve(needed(words[0]));
    const certificate = readSignedText(
      parseJson(readFileSync(needed(values.certificate)), 'certificate'),
      'certificate',
    );
    const now = Date.now();
    const manifest = await manifestOf({
      folder,
      now,
      expiresDays: days(180),
      securityFloor: values.floor,
      updatesFrom: values.from,
    });
    const announcement = announce(manifest, await readPrivateKey(needed(values.key)), certificate);
    // As a box will: what it would refuse is not written.
    const roots = [readPublicKey(needed(values['root-pub']))];
    verifiedManifest(Buffer.from(JSON.stringify(announcement)), { roots, revoked: [], now });
    const file = join(folder, announcementName(manifest.architecture));
    writeJson(file, announcement);
    console.log(file);
  },
};

function formerList(file: string, root: string): Revocations | undefined {
  try {
    return newerRevocations(readFileSync(file), { roots: [root], known: 0 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function days(otherwise: number): number {
  const number = Number(values.days ?? otherwise);
  if (!Number.isInteger(number) || number < 1) throw new Error('--days wants a whole number');
  return number;
}

function needed(value: string | undefined): string {
  if (value === undefined) throw new Error(usage);
  return value;
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 1)}\n`);
}

try {
  const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (run === undefined) throw new Error(usage);
  await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
