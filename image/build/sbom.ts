/** What the image is made of (SPDX 2.3, JSON), and the licences of it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmPackages, type NpmPackage } from '../deb/npm-packages.ts';
import { readRuntime, type Runtime } from '../deb/runtime.ts';
import type { LockedPackage } from './lock.ts';
import { outputName } from './output.ts';
import type { Build } from './root.ts';
import { shippedPackages, type Makings } from './shipped-packages.ts';

/** Licences of a Debian package by the name of their package. */
type Licences = ReadonlyMap<string, readonly string[]>;

export interface Contents {
  readonly name: string;
  readonly version: string;
  readonly epochSeconds: number;
  readonly debian: readonly LockedPackage[];
  readonly npm: readonly NpmPackage[];
  readonly runtime: Runtime;
  readonly licences: Licences;
}

/** Writes NAME.spdx.json and NAME.licences.txt. */
export function putContents(build: Build, makings: Makings, out: string): void {
  const { version, epochSeconds } = build.release;
  const debian = shippedPackages(makings);
  const licences = new Map(
    debian.map(({ name, tree }) => [
      name,
      licencesOf(tree === 'tools' ? makings.tools.folder : makings.base.folder, name),
    ]),
  );
  const contents = {
    name: outputName(build),
    version,
    epochSeconds,
    debian,
    npm: npmPackages(),
    runtime: readRuntime(),
    licences,
  };
  writeFileSync(join(out, `${contents.name}.spdx.json`), `${JSON.stringify(spdx(contents), undefined, 1)}\n`);
  writeFileSync(join(out, `${contents.name}.licences.txt`), licenceList(contents));
}

/** What Debian's own copyright file names. */
function licencesOf(folder: string, name: string): string[] {
  try {
    return namedLicences(readFileSync(join(folder, 'usr/share/doc', name, 'copyright'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}

/** Short names in a machine-readable copyright file; none in one that is prose. */
export function namedLicences(text: string): string[] {
  return [
    ...new Set(Array.from(text.matchAll(/^License:[ \t]*(\S.*?)\s*$/gm), ([, name = '']) => name)),
  ].toSorted();
}

/** https://spdx.github.io/spdx-spec/v2.3/. Debian's names of licences aren't SPDX's: they stand in the remarks. */
export function spdx(contents: Contents) {
  const { name, version, epochSeconds, debian, npm, runtime, licences } = contents;
  const packages = [
    entry({ id: 'image', name: 'gatehouse', version, licence: 'Apache-2.0' }),
    ...debian.map((row) => ({
      ...entry({ id: `deb-${idOf(row)}`, name: row.name, version: row.version }),
      checksums: [{ algorithm: 'SHA256', checksumValue: row.sha256 }],
      externalRefs: purl(
        `pkg:deb/debian/${encodeURIComponent(row.name)}@${encodeURIComponent(row.version)}?arch=${row.architecture}`,
      ),
      licenseComments: `Debian's copyright file names: ${licences.get(row.name)?.join(', ') || 'none in short, see it'}`,
    })),
    ...npm.map((row) => ({
      ...entry({ id: `npm-${row.path}`, name: row.name, version: row.version, licence: row.licence }),
      ...(row.sha512 === undefined
        ? {}
        : { checksums: [{ algorithm: 'SHA512', checksumValue: row.sha512 }] }),
      externalRefs: purl(`pkg:npm/${encodeURIComponent(row.name).replace('%2F', '/')}@${row.version}`),
    })),
    {
      ...entry({ id: 'runtime', name: runtime.name, version: runtime.version }),
      // Of the program, as it is in the image.
      checksums: [{ algorithm: 'SHA256', checksumValue: runtime.sha256 }],
      externalRefs: purl(`pkg:npm/${runtime.name}@${runtime.version}`),
      licenseComments: 'Its own LICENSE names those of V8, OpenSSL, ICU and all else in it',
    },
  ];
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    documentNamespace: `urn:gatehouse:${name}:${epochSeconds}`,
    creationInfo: {
      created: new Date(epochSeconds * 1000).toISOString().replace('.000', ''),
      creators: ['Tool: gatehouse-image'],
    },
    packages,
    relationships: packages.map(({ SPDXID }, at) => ({
      spdxElementId: at === 0 ? 'SPDXRef-DOCUMENT' : 'SPDXRef-image',
      relationshipType: at === 0 ? 'DESCRIBES' : 'CONTAINS',
      relatedSpdxElement: SPDXID,
    })),
  };
}

/** Of one name there may be two: the initrd's, and the root's. */
function idOf({ name, tree }: LockedPackage): string {
  return tree === 'tools' ? `${name}-boot` : name;
}

function entry({
  id,
  name,
  version,
  licence,
}: {
  id: string;
  name: string;
  version: string;
  licence?: string | undefined;
}) {
  return {
    SPDXID: `SPDXRef-${id.replace(/[^A-Za-z0-9.-]+/g, '-')}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: licence ?? 'NOASSERTION',
    copyrightText: 'NOASSERTION',
  };
}

function purl(locator: string) {
  return [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator }];
}

export function licenceList({ debian, npm, runtime, licences }: Contents): string {
  const lines = [
    ...debian.map(
      ({ name, version }) =>
        `${name} ${version}: ${licences.get(name)?.join(', ') || 'see its copyright file'}`,
    ),
    ...npm.map(({ name, version, licence }) => `${name} ${version} (npm): ${licence ?? 'not stated'}`),
    `${runtime.name} ${runtime.version} (npm): see its LICENSE`,
  ];
  const head =
    "The texts are in the image, in /usr/share/doc: NAME/copyright for Debian's, gatehouse/npm/NAME for npm's.";
  return `${head}\n\n${lines.toSorted().join('\n')}\n`;
}
