/** Reads `gatehouse.toml`: defaults filled in, every mistake named with its key, its value and what would be right. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { Value } from 'typebox/value';
import { contradictions } from './config-contradictions.ts';
import { keyLines } from './config-lines.ts';
import { schemaProblems, type Problem } from './config-problems.ts';
import { ConfigSchema, type Config } from './config-schema.ts';

export type * from './config-schema.ts';

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
    throw new ConfigError(file, [`cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  return parseConfig(source, file);
}

/** Throws {@link ConfigError} with all problems found, not just the first. */
export function parseConfig(source: string, file = 'gatehouse.toml'): Config {
  let toml: unknown;
  try {
    toml = parse(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]?.replace('Invalid TOML document: ', '') ?? 'not TOML';
    throw new ConfigError(file, [`line ${error.line}, column ${error.column}: ${what}`]);
  }
  const config = Value.Default(ConfigSchema, toml);
  const wrongAlone = schemaProblems(ConfigSchema, config);
  const problems = [...wrongAlone, ...contradictions(config as Config, wrongAlone)];
  if (problems.length > 0) throw new ConfigError(file, problems.map(located(source)));
  return config as Config;
}

/** Every default, for somebody who begins: what has none, such as `site.address`, is not set. */
export function defaultConfig(): Config {
  return Value.Default(ConfigSchema, {}) as Config;
}

/** Puts the line in front: `line 3: site.region = "mars": must be …`. */
function located(source: string): (problem: Problem) => string {
  const lineOf = keyLines(source);
  return ({ key, message }) => {
    const line = lineOf(key);
    return line === undefined ? message : `line ${line}: ${message}`;
  };
}

/** Paths named in the settings that this process can't reach. Apart from {@link parseConfig}, since it looks at the disk. */
export function unreachablePaths(config: Config): string[] {
  const files: [string, string | undefined][] = [
    ['site.extra_ca_file', config.site.extra_ca_file],
    ['cloud.token_file', config.cloud.token_file],
    ...config.location.switch.map((entry, at): [string, string] => [
      `location.switch[${at}].secret_file`,
      entry.secret_file,
    ]),
  ];
  const problems = files.flatMap(([key, path]) => {
    if (path === undefined || isAllowed(path, constants.R_OK)) return [];
    return [`${key} = "${path}": cannot be read; name a file that exists and that Gatehouse may read`];
  });
  if (!isWritableDirectory(config.site.state_directory)) {
    problems.push(
      `site.state_directory = "${config.site.state_directory}": cannot be written; name a directory that Gatehouse may write`,
    );
  }
  return problems;
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
