/** Reads `gatehouse.toml`: defaults filled in, every mistake named with its key, its value and what would be right. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { contradictions } from './config/contradictions.ts';
import { keyLines } from './config/lines.ts';
import { configuredParts, type ConfiguredPart } from './config/parts.ts';
import { ConfigSchema, type Config } from './config/schema.ts';
import { tomlWords } from './config/toml-words.ts';
import { schemaProblems, type Problem } from './schema-problems.ts';
import { withDefaults } from './schema.ts';

export type * from './config/schema.ts';

/** The settings can't be used. `problems` are sentences for the person who wrote the file, one a mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(file: string, problems: readonly string[]) {
    super(`${file}: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

export function readConfig(file: string): Config {
  let source: string;
  try {
    source = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(file, [unreadable((error as NodeJS.ErrnoException).code)]);
  }
  return parseConfig(source, file);
}

function unreadable(code = ''): string {
  if (code === 'ENOENT')
    return 'there is no such file; name yours with --config, or begin one: gatehouse config print > gatehouse.toml';
  if (code === 'EACCES')
    return 'this user may not read it; run the command as root, or as a member of the group that the file belongs to';
  return code === 'EISDIR' ? 'is a folder, and settings are a file' : `cannot be read (${code})`;
}

/** Throws {@link ConfigError} with all problems found, not just the first. */
export function parseConfig(source: string, file = 'gatehouse.toml'): Config {
  let toml: unknown;
  try {
    toml = parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const said = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? 'not TOML';
    const text = source.split(/\r?\n/)[error.line - 1] ?? '';
    throw new ConfigError(file, [`line ${error.line}, column ${error.column}: ${tomlWords(text, said)}`]);
  }
  const config = withDefaults(ConfigSchema, toml);
  const wrongAlone = schemaProblems(ConfigSchema, config).map(withHint);
  const problems = [...wrongAlone, ...contradictions(config as Config, wrongAlone)];
  if (problems.length > 0) throw new ConfigError(file, problems.map(located(source)));
  return config as Config;
}

/** Every default, for somebody who begins: what has none, such as `site.address`, is not set. */
export function defaultConfig(): Config {
  return withDefaults(ConfigSchema, {}) as Config;
}

function withHint(problem: Problem): Problem {
  if (problem.isUnknown !== true) return problem;
  const end = problem.message.endsWith('?') ? '' : ';';
  return { ...problem, message: `${problem.message}${end} \`gatehouse config print\` lists them all` };
}

/** Puts the line in front: `line 3: site.region = "mars": must be …`. */
function located(source: string): (problem: Problem) => string {
  const lineOf = keyLines(source);
  return ({ key, message }) => {
    const line = lineOf(key);
    return line === undefined ? message : `line ${line}: ${message}`;
  };
}

/**
 * Paths named in the settings that this process can't reach, of those that the parts named read. Apart from {@link parseConfig},
 * since it looks at the disk.
 */
export function unreachablePaths(
  config: Config,
  parts: readonly ConfiguredPart[] = configuredParts(config),
): string[] {
  const unreadable = filesOf(config).flatMap(({ at, key, path }) => {
    const readers: readonly ConfiguredPart[] = fileReaders[key];
    if (!parts.some((part) => readers.includes(part)) || isAllowed(path, constants.R_OK)) return [];
    return [`${at} = "${path}": cannot be read; name a file that exists and that Gatehouse may read`];
  });
  const { state_directory: directory } = config.site;
  // Each part writes in its own folder only, which may be all that its user may write to.
  const isWritable = parts.every((part) => isWritableDirectory(join(directory, part)));
  const unwritable = `site.state_directory = "${directory}": cannot be written; name a directory that Gatehouse may write`;
  return isWritable ? unreadable : [...unreadable, unwritable];
}

/** Files and folders of people's own that the settings name; any of them may be missing. */
export function namedFiles(config: Config): string[] {
  return [...filesOf(config).map(({ path }) => path), config.provisioning.templates_directory];
}

/** Keys that name a file of people's own, and the parts that read it. */
export const fileReaders = {
  'site.extra_ca_file': ['provisioning', 'sip', 'cloud'],
  'cloud.token_file': ['cloud'],
  'web.metrics_token_file': ['web'],
  'gateway.secret_file': ['sip'],
  'sip.drachtio_secret_file': ['sip'],
  'emergency.mail.secret_file': ['sip'],
  'location.switch.secret_file': ['location'],
} as const satisfies Record<string, readonly ConfiguredPart[]>;

export type FileKey = keyof typeof fileReaders;

interface NamedFile {
  /** As it stands in the settings: `location.switch[0].secret_file`. */
  readonly at: string;
  readonly key: FileKey;
  readonly path: string;
}

function filesOf({ site, cloud, location, gateway, emergency, sip, web }: Config): NamedFile[] {
  const paths: Readonly<Record<Exclude<FileKey, 'location.switch.secret_file'>, string | undefined>> = {
    'site.extra_ca_file': site.extra_ca_file,
    'cloud.token_file': cloud.token_file,
    'web.metrics_token_file': web.metrics_token_file,
    'gateway.secret_file': gateway.secret_file,
    'sip.drachtio_secret_file': sip.drachtio_secret_file,
    'emergency.mail.secret_file': emergency.mail.secret_file,
  };
  return [
    ...Object.entries(paths).flatMap(([key, path]) =>
      path === undefined ? [] : [{ at: key, key: key as FileKey, path }],
    ),
    ...location.switch.map(({ secret_file: path }, index) => ({
      at: `location.switch[${index}].secret_file`,
      key: 'location.switch.secret_file' as const,
      path,
    })),
  ];
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** A directory that doesn't exist yet counts when its nearest existing parent can be written. */
function isWritableDirectory(path: string): boolean {
  if (isAllowed(path, constants.F_OK)) return isAllowed(path, constants.W_OK);
  const parent = dirname(path);
  return parent !== path && isWritableDirectory(parent);
}
