/** Reads `gatehouse.toml`: defaults filled in, every mistake named with its key, its value and what would be right. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { Value } from 'typebox/value';
import { ConfigSchema, type Config } from './config-schema.ts';
import { contains, parseCidr, parseIpv4 } from './protocol/ipv4.ts';

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
  const problems = schemaProblems(config);
  if (problems.length === 0) problems.push(...contradictions(config as Config));
  if (problems.length > 0) throw new ConfigError(file, problems);
  return config as Config;
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

function schemaProblems(config: unknown): string[] {
  return Value.Errors(ConfigSchema, config).flatMap((error) => {
    const key = keyPath(error.instancePath);
    if (error.keyword === 'additionalProperties') {
      return error.params.additionalProperties.map(
        (name) => `${key === '' ? '' : `${key}.`}${name}: no such key; \`gatehouse config print\` lists them all`,
      );
    }
    // A union reports each failed branch: its own error, which comes last, says it once.
    if (/\/anyOf\/\d+$/.test(error.schemaPath) || /\/anyOf\/\d+\//.test(error.schemaPath)) return [];
    const value: unknown = Value.Pointer.Get(config, error.instancePath);
    const hint = descriptionAt(error.instancePath);
    return [
      `${key}${value === undefined || typeof value === 'object' ? '' : ` = ${JSON.stringify(value)}`}: ${error.message}${hint}`,
    ];
  });
}

function keyPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .reduce((path, key) => (/^\d+$/.test(key) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`), '');
}

function descriptionAt(pointer: string): string {
  let schema: unknown = ConfigSchema;
  for (const key of pointer.split('/').slice(1)) {
    const { properties, items } = schema as { properties?: Record<string, unknown>; items?: unknown };
    schema = properties?.[key] ?? items;
    if (schema === undefined) return '';
  }
  const { description } = schema as { description?: string };
  return description === undefined ? '' : ` (${description})`;
}

/** What each value may be alone but not beside the others. */
function contradictions(config: Config): string[] {
  return [...dhcpContradictions(config), ...siteContradictions(config), ...portContradictions(config)];
}

function dhcpContradictions({ site, dhcp }: Config): string[] {
  if (dhcp.mode !== 'server') return [];
  if (dhcp.subnet === undefined || dhcp.pool === undefined) {
    return ['dhcp.mode = "server": needs dhcp.subnet and dhcp.pool too, such as "10.20.0.0/24" and ["10.20.0.100", "10.20.0.199"]'];
  }
  const subnet = parseCidr(dhcp.subnet);
  const [first = '', last = ''] = dhcp.pool;
  const problems: string[] = [];
  for (const address of [first, last]) {
    if (!contains(subnet, address)) {
      problems.push(`dhcp.pool: "${address}" is not in dhcp.subnet "${dhcp.subnet}"; name addresses inside it`);
    }
  }
  const [low, high, own] = [parseIpv4(first), parseIpv4(last), parseIpv4(site.address)];
  if (low > high) problems.push(`dhcp.pool: "${first}" comes after "${last}"; name the lower address first`);
  if (own >= low && own <= high) {
    problems.push(`dhcp.pool: holds site.address "${site.address}"; leave the box's own address out of the pool`);
  }
  if (!contains(subnet, site.address)) {
    problems.push(`site.address = "${site.address}": is not in dhcp.subnet "${dhcp.subnet}"; phones could not reach it`);
  }
  return problems;
}

function siteContradictions({ site, rtp }: Config): string[] {
  const problems: string[] = [];
  if (!Intl.supportedValuesOf('timeZone').includes(site.time_zone) && !isTimeZone(site.time_zone)) {
    problems.push(`site.time_zone = "${site.time_zone}": no such time zone; write an IANA name such as "Europe/Berlin"`);
  }
  if (rtp.first_port >= rtp.last_port) {
    problems.push(`rtp.first_port = ${rtp.first_port}: must be lower than rtp.last_port = ${rtp.last_port}`);
  }
  return problems;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function portContradictions({ provisioning, sip, web }: Config): string[] {
  const taken = new Map<number, string>();
  const ports: [string, number][] = [
    ['provisioning.http_port', provisioning.http_port],
    ['provisioning.https_port', provisioning.https_port],
    ['sip.tcp_port', sip.tcp_port],
    ['sip.tls_port', sip.tls_port],
    ['web.port', web.port],
  ];
  return ports.flatMap(([key, port]) => {
    const other = taken.get(port);
    if (port === 0 || other === undefined) {
      taken.set(port, key);
      return [];
    }
    return [`${key} = ${port}: is ${other} too; give each its own TCP port`];
  });
}
