/** What a schema finds wrong, told with the key, the value and what would be right. Pure. */
import { isTable, type JsonSchema } from './schema.ts';

export interface Problem {
  /** `location.switch[0].port` */
  readonly key: string;
  readonly message: string;
  /** The schema has no such key. */
  readonly isUnknown?: true;
}

/** All of them, in the order of the schema. Values that were left out are judged after defaults were filled in. */
export function schemaProblems(schema: JsonSchema, value: unknown, key = ''): Problem[] {
  if (schema.anyOf !== undefined || schema.const !== undefined) return choiceProblems(schema, value, key);
  if (schema.type === 'object') return objectProblems(schema, value, key);
  if (schema.type === 'array') return arrayProblems(schema, value, key);
  const isRight =
    schema.type === 'string'
      ? isText(schema, value)
      : schema.type === 'integer'
        ? isInRange(schema, value)
        : typeof value === 'boolean';
  return isRight ? [] : wrong(key, value, wanted(schema));
}

/** A value as it would stand in the file; long ones are cut. */
export function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** The values that a key may have, when they can be counted. */
export function choices(schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.const !== undefined) return [schema.const];
  return schema.anyOf?.map((branch) => branch.const);
}

function wrong(key: string, value: unknown, right: string): Problem[] {
  return [{ key, message: `${key} = ${shown(value)}: must be ${right}` }];
}

function choiceProblems(schema: JsonSchema, value: unknown, key: string): Problem[] {
  return choices(schema)?.includes(value) === true ? [] : wrong(key, value, wanted(schema));
}

function objectProblems(schema: JsonSchema, value: unknown, key: string): Problem[] {
  if (!isTable(value)) return wrong(key, value, `a table, written [${key}]`);
  const properties = schema.properties ?? {};
  const below = (name: string) => (key === '' ? name : `${key}.${name}`);
  const others = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
  const unknown = others.flatMap((name) => otherProblems(schema, [name, value[name]], below(name)));
  const known = Object.entries(properties).flatMap(([name, property]) => {
    if (Object.hasOwn(value, name)) return schemaProblems(property, value[name], below(name));
    if (!(schema.required ?? []).includes(name)) return [];
    return [{ key: below(name), message: `${below(name)}: is missing; write ${wanted(property)}` }];
  });
  return [...unknown, ...known];
}

/** Of a key that the schema doesn't name. */
function otherProblems(schema: JsonSchema, [name, value]: [string, unknown], key: string): Problem[] {
  if (schema.additionalProperties === false) {
    const advice = nearest(name, Object.keys(schema.properties ?? {}));
    return [{ key, message: `${key}: no such key${advice}`, isUnknown: true }];
  }
  return Object.values(schema.patternProperties ?? {}).flatMap((any) => schemaProblems(any, value, key));
}

function arrayProblems(schema: JsonSchema, value: unknown, key: string): Problem[] {
  if (!Array.isArray(value)) return wrong(key, value, wanted(schema));
  if (value.length < (schema.minItems ?? 0) || value.length > (schema.maxItems ?? Infinity)) {
    return wrong(key, value, wanted(schema));
  }
  const { items } = schema;
  return items === undefined ? [] : value.flatMap((item, at) => schemaProblems(items, item, `${key}[${at}]`));
}

function isText(schema: JsonSchema, value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.length >= (schema.minLength ?? 0) &&
    value.length <= (schema.maxLength ?? Infinity) &&
    (schema.pattern === undefined || new RegExp(schema.pattern).test(value))
  );
}

function isInRange(schema: JsonSchema, value: unknown): boolean {
  return (
    Number.isInteger(value) &&
    (value as number) >= (schema.minimum ?? -Infinity) &&
    (value as number) <= (schema.maximum ?? Infinity)
  );
}

/** In words, what a key wants: `an IPv4 address, such as "10.20.0.1"`. */
function wanted(schema: JsonSchema): string {
  const allowed = choices(schema);
  if (allowed !== undefined) return allowed.map((choice) => shown(choice)).join(' or ');
  if (schema.title !== undefined) return `${schema.title}, such as ${shown(schema.examples?.[0])}`;
  if (schema.type === 'integer')
    return `a whole number from ${schema.minimum ?? '-∞'} to ${schema.maximum ?? '∞'}`;
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array')
    return schema.items === undefined ? 'a list' : `a list in which each value is ${wanted(schema.items)}`;
  if (schema.type === 'object') return 'a table';
  return 'text in quotes, not empty';
}

/** `; did you mean "region"?`, or nothing. */
export function nearest(name: string, known: readonly string[]): string {
  const near = known.find((other) => distance(name.toLowerCase(), other) <= Math.max(1, other.length / 4));
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** How many letters to change, add, leave out, or change with their neighbour (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isTurned = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const turned = isTurned ? (before[j - 2] ?? 0) + 1 : Infinity;
      next.push(Math.min(changed, turned, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
