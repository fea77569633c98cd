/** The settings as a commented `gatehouse.toml` that can be read back, and as JSON Schema. Pure. */
import { ConfigSchema, type Config } from './schema.ts';
import { choices } from '../schema-problems.ts';
import type { JsonSchema } from '../schema.ts';

/** Every key with its description, type, default and current value; what is not set stands commented out. */
export function printConfig(config: Config): string {
  const tables = Object.entries(ConfigSchema.properties).map(([name, schema]) =>
    printTable(name, schema, config[name as keyof Config]),
  );
  return `# Settings of Gatehouse. A line that begins with # is not set; its key has no value or the default.\n\n${tables.join('\n')}`;
}

/** For editors and for whoever writes the file by program. */
export function configJsonSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'gatehouse.toml',
    ...(JSON.parse(JSON.stringify(ConfigSchema)) as object),
  };
}

export interface KeyDescription {
  /** `[[…]]` begins a table of which there may be several. */
  readonly table: string;
  readonly key: string;
  readonly about: string;
  /** `whole number 1 to 100, default 5` */
  readonly form: string;
}

/** What there is to set, in the order of {@link printConfig}. */
export function describeKeys(): KeyDescription[] {
  return Object.entries(ConfigSchema.properties).flatMap(([name, schema]) =>
    keysIn(name, schema, `[${name}]`),
  );
}

function keysIn(path: string, schema: JsonSchema, table: string): KeyDescription[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]): KeyDescription[] => {
    const below = `${path}.${key}`;
    const form = [typeInWords(property), defaultInWords(property)].join(', ');
    const row = { table, key, about: property.description ?? '', form };
    if (property.type === 'object') return keysIn(below, property, `[${below}]`);
    return isTableList(property) ? [row, ...keysIn(below, property.items ?? {}, `[[${below}]]`)] : [row];
  });
}

function printTable(name: string, schema: JsonSchema, value: object): string {
  const set = new Map(Object.entries(value));
  const keys = Object.entries(schema.properties ?? {});
  const plain = keys.filter(([, property]) => !isTableList(property) && property.type !== 'object');
  const tables = keys.filter(([, property]) => property.type === 'object');
  // A table ends the one that it stands in: it comes after all plain keys.
  const lists = keys.filter(([, property]) => isTableList(property));
  return [
    `[${name}]`,
    ...plain.map(([key, property]) => printKey(key, property, set.get(key))),
    ...tables.map(([key, property]) => printTable(`${name}.${key}`, property, set.get(key) as object)),
    ...lists.map(([key, property]) => printTableList(`${name}.${key}`, property, set.get(key))),
    '',
  ].join('\n');
}

function isTableList(schema: JsonSchema): boolean {
  return schema.type === 'array' && schema.items?.type === 'object';
}

function printKey(key: string, schema: JsonSchema, value: unknown): string {
  const comment = [
    schema.description ?? '',
    `(${[typeInWords(schema), defaultInWords(schema)].filter(Boolean).join(', ')})`,
  ];
  const line =
    value === undefined ? `#${key} = ${tomlValue(exampleOf(schema))}` : `${key} = ${tomlValue(value)}`;
  return `# ${comment.join(' ')}\n${line}\n`;
}

function printTableList(path: string, schema: JsonSchema, value: unknown): string {
  const items = schema.items ?? {};
  const rows = (value ?? []) as Record<string, unknown>[];
  const tables =
    rows.length === 0 ? [printExample(path, items)] : rows.map((row) => printRow(path, items, row));
  return [`# ${schema.description ?? ''}`, ...tables].join('\n');
}

function printRow(path: string, schema: JsonSchema, row: Record<string, unknown>): string {
  const keys = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    printKey(key, property, row[key]),
  );
  return [`[[${path}]]`, ...keys].join('\n');
}

/** Commented out as a whole: uncommented it would be a row that nobody asked for. */
function printExample(path: string, schema: JsonSchema): string {
  const keys = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    printKey(key, property, undefined),
  );
  const lines = keys.flatMap((key) => key.trimEnd().split('\n'));
  return [`#[[${path}]]`, ...lines.map((line) => (line.startsWith('#') ? line : `#${line}`))].join('\n');
}

function typeInWords(schema: JsonSchema): string {
  const allowed = choices(schema);
  if (allowed !== undefined) return allowed.map(tomlValue).join(' or ');
  if (schema.type === 'integer') return `whole number ${schema.minimum ?? ''} to ${schema.maximum ?? ''}`;
  const words = {
    string: 'text',
    number: 'number',
    boolean: 'true or false',
    array: 'list',
    object: 'table',
    null: 'nothing',
  };
  return schema.type === undefined ? 'any' : words[schema.type];
}

function defaultInWords(schema: JsonSchema): string {
  return schema.default === undefined ? 'no default' : `default ${tomlValue(schema.default)}`;
}

function exampleOf(schema: JsonSchema): unknown {
  return schema.examples?.[0] ?? schema.default ?? choices(schema)?.[0] ?? '';
}

/** TOML 1.0: basic strings escape what JSON escapes, and DEL. */
function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value).replaceAll('\u007F', String.raw`\u007F`);
  return String(value);
}
