/** The mirror's signed indexes of packages, read by this machine's apt into a folder of their own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { run } from './command.ts';
import { keyring } from './host.ts';
import { packageKey, type PackageIndex } from './lock.ts';
import { sourcesList, type Mirror } from './mirror.ts';

export function readPackageIndex(mirror: Mirror, architecture: string): PackageIndex {
  mkdirSync(cacheDirectory, { recursive: true });
  const folder = mkdtempSync(join(cacheDirectory, 'indexes-'));
  try {
    for (const name of ['lists/partial', 'archives/partial', 'empty'])
      mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'sources.list'), sourcesList(mirror, keyring));
    writeFileSync(join(folder, 'status'), '');
    const settings = {
      'Dir::Etc::SourceList': join(folder, 'sources.list'),
      'Dir::Etc::SourceParts': join(folder, 'empty'),
      'Dir::State::Lists': join(folder, 'lists'),
      'Dir::State::Status': join(folder, 'status'),
      'Dir::Cache': folder,
      'APT::Architecture': architecture,
      'APT::Architectures': architecture,
      'APT::Sandbox::User': 'root',
      'Acquire::GzipIndexes': 'false',
      'Acquire::Languages': 'none',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    // A mirror that can't be reached must not pass for one that has nothing.
    run('apt-get', [...options, '-o', 'APT::Update::Error-Mode=any', 'update']);
    const files = run('apt-get', [
      ...options,
      'indextargets',
      '--format',
      '$(FILENAME)',
      'Created-By: Packages',
    ]);
    const texts = files.split('\n').flatMap((file) => (file === '' ? [] : readFileSync(file, 'utf8')));
    return parsePackages(texts.join('\n'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Paragraphs as in Debian's Packages files. */
export function parsePackages(text: string): PackageIndex {
  const index = new Map<string, string>();
  for (const paragraph of text.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1];
    const [name, version, architecture] = [field('Package'), field('Version'), field('Architecture')];
    const sha256 = field('SHA256');
    if (name === undefined || version === undefined || architecture === undefined || sha256 === undefined)
      continue;
    index.set(packageKey({ name, version, architecture }), sha256);
  }
  return index;
}
