/** What a release says of itself, in the text that its release key signs. Pure. */
import { Type, type Static } from '../schema.ts';
import { schemaProblems } from '../schema-problems.ts';
import { RefusedUpdateError } from './refusal.ts';
import { compareVersions, versionPattern } from './release-version.ts';
import { parseJson } from './signed-text.ts';

const version = Type.String({ pattern: versionPattern });
export const moment = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$` });

/** Root file system, its dm-verity hashes, and the kernel that names them. */
export type FileRole = 'root' | 'verity' | 'uki';

const ReleaseFile = Type.Object(
  {
    role: Type.Union([Type.Literal('root'), Type.Literal('verity'), Type.Literal('uki')]),
    name: Type.String({ minLength: 1, maxLength: 120 }),
    /** Bytes. */
    size: Type.Integer({ minimum: 1, maximum: 1024 ** 3 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  },
  { additionalProperties: false },
);

const ManifestSchema = Type.Object(
  {
    product: Type.Literal('gatehouse'),
    architecture: Type.Union([Type.Literal('amd64'), Type.Literal('arm64')]),
    version,
    issuedAt: moment,
    /** From then on nobody takes it: an old release can't be passed off as the newest for ever. */
    expiresAt: moment,
    /** A box on which this release has proved itself never again runs one below it. */
    securityFloor: version,
    /** The oldest release whose data this one can go on with. */
    updatesFrom: version,
    /** How many migrations of each part's file it knows. */
    migrations: Type.Record(Type.String(), Type.Integer({ minimum: 0, maximum: 9999 })),
    files: Type.Array(ReleaseFile, { minItems: 3, maxItems: 3 }),
  },
  { additionalProperties: false },
);

export type Manifest = Static<typeof ManifestSchema>;
export type ReleaseFileEntry = Manifest['files'][number];

/** Bytes; a partition of the image holds no more, and compressed files are smaller. */
const mostBytes: Readonly<Record<FileRole, number>> = {
  root: 1024 ** 3,
  verity: 64 * 1024 ** 2,
  uki: 200 * 1024 ** 2,
};

/** What must be there before a byte of a release is fetched. */
export function payloadBytes({ files }: Pick<Manifest, 'files'>): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** Of a text whose signature was right. Throws `malformed` with the first thing that is wrong. */
export function parseManifest(text: string): Manifest {
  const value = parseJson(text, 'manifest');
  const [problem] = schemaProblems(ManifestSchema, value);
  const wrong = problem?.message ?? wrongIn(value as Manifest);
  if (wrong !== undefined)
    throw new RefusedUpdateError('malformed', `the manifest is not one of ours: ${wrong}`);
  return value as Manifest;
}

function wrongIn(manifest: Manifest): string | undefined {
  const { files, issuedAt, expiresAt } = manifest;
  if (new Set(files.map(({ role }) => role)).size !== 3) return 'it does not name each file once';
  const badName = files.find(({ name }) => !isNameOf(manifest.version, name));
  if (badName !== undefined)
    return `${JSON.stringify(badName.name)} is no name of a file of ${manifest.version}`;
  const tooLarge = files.find(({ role, size }) => size > mostBytes[role]);
  if (tooLarge !== undefined) return `${tooLarge.name} has ${tooLarge.size} bytes`;
  if (!(Date.parse(issuedAt) < Date.parse(expiresAt))) return 'it expires before it is issued';
  if (compareVersions(manifest.securityFloor, manifest.version) > 0) return 'it is below its own floor';
  return undefined;
}

/** The version and what kind of file it is: no name that leads elsewhere, or that another release's file has, fits. */
function isNameOf(version: string, name: string): boolean {
  const rest = name.startsWith(`gatehouse_${version}`) ? name.slice(`gatehouse_${version}`.length) : '';
  return /^[._][a-z0-9_]+(?:[.-][a-z0-9_]+)*$/.test(rest);
}
