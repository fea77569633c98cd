/** What `firmware-templates/<vendor>/` says of a vendor's configuration: keys, file names, our overlays. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vendors } from '../phones/vendors.ts';
import { newAccountReader, type AccountReader } from './accounts.ts';
import { schemaProblems } from '../schema-problems.ts';
import { Type, type Static } from '../schema.ts';
import type { Make } from './identify.ts';

const patterns = Type.Array(Type.String({ minLength: 1 }));

const Schema = Type.Object(
  {
    format: Type.Union(
      (['yealink', 'audiocodes', 'attributes', 'elements', 'id-value'] as const).map((name) =>
        Type.Literal(name),
      ),
    ),
    /** The key for our authority is confirmed: the phone can be made to trust the box. */
    trustsAuthority: Type.Boolean(),
    /** Keys with `*` for anything, any case. */
    provisioningUrls: patterns,
    /** Where a line's account stands, with `{n}` for its number; left out for makes whose SIP can't be led through the box. */
    account: Type.Optional(
      Type.Object(
        { user: Type.String(), authUser: Type.String(), password: Type.String() },
        { additionalProperties: false },
      ),
    ),
    /** Reason, and the keys that must not come from above. */
    dangerous: Type.Record(Type.String(), patterns),
    /** Regular expressions for file names, with `{mac}` and `{MAC}`: in clear these get the overlay only. */
    bootstrap: Type.Array(
      Type.Object({ file: Type.String(), template: Type.String() }, { additionalProperties: false }),
    ),
    /** Files, by regular expression, that are never worth an upstream request. */
    notAsked: patterns,
    /** Files, by regular expression with `{mac}`, that the phone does without: 404 in an outage, so that it asks for its own. */
    mayBeMissing: Type.Optional(patterns),
    /** Files, by regular expression, that are handed on unread; no provisioning address may lead to one. */
    plainFiles: Type.Optional(patterns),
    /** Paths, by regular expression, that are for the phone's browser: what comes from there is no configuration. */
    pages: Type.Optional(patterns),
    /** The phone sends logs and directories by PUT. */
    uploads: Type.Optional(Type.Boolean()),
    overlays: Type.Array(
      Type.Object(
        {
          template: Type.String(),
          before: Type.Optional(Type.String()),
          /** Only where SIP goes through the box, or only where it does not. */
          posture: Type.Optional(Type.Union([Type.Literal('full'), Type.Literal('provision')])),
          /** A key that the cloud sets itself stays the cloud's. */
          keepsTheirs: Type.Optional(Type.Boolean()),
          /** Not laid at all over a body that sets one of these keys. */
          unless: Type.Optional(patterns),
        },
        { additionalProperties: false },
      ),
    ),
    /** What gives a phone back the cloud's own addresses; a key that the cloud sets itself stays the cloud's. */
    leave: Type.Array(
      Type.Object(
        {
          template: Type.String(),
          before: Type.Optional(Type.String()),
          unless: Type.Optional(patterns),
        },
        { additionalProperties: false },
      ),
    ),
    /** The key that points a phone to firmware is confirmed. `file`: which file of a release it points to. */
    firmware: Type.Optional(
      Type.Object(
        {
          template: Type.String(),
          before: Type.Optional(Type.String()),
          file: Type.String(),
          /** The key belongs into a file that is the cloud's after onboarding. */
          bootstrapOnly: Type.Optional(Type.Boolean()),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

type VendorFile = Static<typeof Schema>;

type Judging<Row> = Omit<Row, 'unless'> & { readonly unless?: (key: string) => boolean };

export interface VendorProvisioning {
  readonly format: VendorFile['format'];
  readonly trustsAuthority: boolean;
  readonly takesUploads: boolean;
  readonly overlays: readonly Judging<VendorFile['overlays'][number]>[];
  /** How a phone is pointed to firmware; undefined: no key for it is confirmed. */
  readonly firmware:
    | {
        /** The text of its template; a site can't have another. */
        readonly template: string;
        readonly before: string | undefined;
        readonly isMain: (name: string) => boolean;
        readonly isBootstrapOnly: boolean;
      }
    | undefined;
  readonly leave: readonly Judging<VendorFile['leave'][number]>[];
  readonly accountsIn: AccountReader | undefined;
  /** Template text by file name, as shipped. */
  readonly templates: ReadonlyMap<string, string>;
  /** The site's own, by file name: these go before ours. */
  readonly site: ReadonlyMap<string, string>;
  readonly isProvisioningUrl: (key: string) => boolean;
  /** Why a setting must not come from above. */
  readonly danger: (key: string) => string | undefined;
  readonly isNotAsked: (file: string) => boolean;
  /** MAC with colons. */
  readonly mayBeMissing: (file: string, mac: string) => boolean;
  readonly isPlainFile: (file: string) => boolean;
  readonly isPage: (path: string) => boolean;
  /** Template for this file of this phone, when it is the one that the phone applies. MAC with colons. */
  readonly bootstrapTemplate: (file: string, mac: string) => string | undefined;
}

export const templatesDirectory = join(import.meta.dirname, '../../firmware-templates');

/** Vendors without a folder are left out: their bodies can't be read. Throws with the file's name when one is wrong. */
export function readVendorFiles(directory = templatesDirectory): Map<Make, VendorProvisioning> {
  return new Map(
    vendors
      .map((vendor) => [vendor, join(directory, vendor)] as const)
      .filter(([, folder]) => existsSync(join(folder, 'provisioning.json')))
      .map(([vendor, folder]) => [vendor, readVendorFile(folder)]),
  );
}

function readVendorFile(folder: string): VendorProvisioning {
  const data = readData(join(folder, 'provisioning.json'));
  const names = [...data.bootstrap, ...data.overlays, ...data.leave].map(({ template }) => template);
  const isUrl = matcher(data.provisioningUrls);
  const dangers = Object.entries(data.dangerous).map(([reason, keys]) => [reason, matcher(keys)] as const);
  const isDangerous = matcher(Object.values(data.dangerous).flat());
  return {
    format: data.format,
    trustsAuthority: data.trustsAuthority,
    takesUploads: data.uploads ?? false,
    overlays: data.overlays.map(judging),
    leave: data.leave.map(judging),
    accountsIn: data.account && newAccountReader(data.account),
    firmware: data.firmware && firmwareKey(folder, data.firmware),
    templates: new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')])),
    site: new Map(),
    isProvisioningUrl: isUrl,
    danger: (key) => (isDangerous(key) ? dangers.find(([, isMeant]) => isMeant(key))?.[0] : undefined),
    isNotAsked: anyOf(data.notAsked),
    isPlainFile: anyOf(data.plainFiles),
    mayBeMissing: (name, mac) =>
      data.mayBeMissing?.some((pattern) => forPhone(pattern, mac).test(name)) ?? false,
    isPage: anyOf(data.pages),
    bootstrapTemplate: (name, mac) =>
      data.bootstrap.find((row) => forPhone(row.file, mac).test(name))?.template,
  };
}

function judging<Row extends { unless?: string[] }>({ unless, ...row }: Row): Judging<Row> {
  return { ...row, ...(unless === undefined ? {} : { unless: matcher(unless) }) };
}

function readData(file: string): VendorFile {
  const data: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const [problem] = schemaProblems(Schema, data);
  if (problem !== undefined) throw new Error(`${file}: ${problem.message}`);
  return data as VendorFile;
}

/** The template that only a site has: laid over last, where this vendor's settings of an account go. */
export function siteOverlay({ format, leave }: VendorProvisioning): VendorProvisioning['overlays'][number] {
  const before = leave[0]?.before;
  const template = format === 'yealink' || format === 'audiocodes' ? 'site.cfg.liquid' : 'site.xml.liquid';
  return before === undefined ? { template } : { template, before };
}

function firmwareKey(
  folder: string,
  { template, before, file, bootstrapOnly }: NonNullable<VendorFile['firmware']>,
) {
  const main = new RegExp(file, 'i');
  return {
    template: readFileSync(join(folder, template), 'utf8'),
    before,
    isMain: (name: string) => main.test(name),
    isBootstrapOnly: bootstrapOnly ?? false,
  };
}

/** Regular expressions; case is ignored, as by {@link matcher}. */
function anyOf(patternsOf: readonly string[] = []): (name: string) => boolean {
  const found = patternsOf.map((pattern) => new RegExp(pattern, 'i'));
  return (name) => found.some((pattern) => pattern.test(name));
}

/** Case is ignored: phones differ in whether they do. */
function matcher(keys: readonly string[]): (key: string) => boolean {
  const patterns = keys.map((key) => key.split('*').map(literal).join('.*'));
  // One expression for all: each key of a configuration is asked about.
  const found = new RegExp(`^(?:${patterns.join('|')})$`, 'is');
  return (key) => patterns.length > 0 && found.test(key);
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}

function forPhone(file: string, mac: string): RegExp {
  const digits = mac.replaceAll(':', '');
  // Some phones write their MAC in capitals, whatever their maker's pages say.
  return new RegExp(file.replaceAll('{mac}', digits).replaceAll('{MAC}', digits.toUpperCase()), 'i');
}
