/**
 * JSON Schema by TypeBox's constructors and with its types, made here: the package itself is 680 modules and 30 MB in every part
 * (test/bench/HISTORY.md). Pure.
 */
import type { Type as TypeBox } from 'typebox';

export type { Static, TSchema } from 'typebox';

/** The part of JSON Schema that is used here, for code that walks it. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: false;
  readonly required?: readonly string[] | undefined;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

/** A property that may be left out; no key of JSON Schema, which says so one level higher. */
const leftOut = Symbol('may be left out');

type Properties = Readonly<Record<string, JsonSchema & { readonly [leftOut]?: true }>>;

const constructors = {
  Array: (items: JsonSchema, rest?: JsonSchema) => ({ type: 'array', items, ...rest }),
  Boolean: (rest?: JsonSchema) => ({ type: 'boolean', ...rest }),
  Enum: (values: readonly unknown[], rest?: JsonSchema) => ({ enum: values, ...rest }),
  Integer: (rest?: JsonSchema) => ({ type: 'integer', ...rest }),
  Literal: (value: unknown, rest?: JsonSchema) => ({ type: typeof value, const: value, ...rest }),
  Null: (rest?: JsonSchema) => ({ type: 'null', ...rest }),
  Number: (rest?: JsonSchema) => ({ type: 'number', ...rest }),
  Object: (properties: Properties, rest?: JsonSchema) => {
    const required = Object.keys(properties).filter((name) => properties[name]?.[leftOut] !== true);
    return { type: 'object', ...(required.length > 0 ? { required } : {}), properties, ...rest };
  },
  Optional: (schema: JsonSchema) => ({ ...schema, [leftOut]: true }),
  Record: (_keys: JsonSchema, values: JsonSchema, rest?: JsonSchema) => ({
    type: 'object',
    patternProperties: { '^.*$': values },
    ...rest,
  }),
  String: (rest?: JsonSchema) => ({ type: 'string', ...rest }),
  Union: (anyOf: readonly JsonSchema[], rest?: JsonSchema) => ({ anyOf, ...rest }),
};

export const Type = constructors as unknown as Pick<typeof TypeBox, keyof typeof constructors>;

/** The value with what was left out filled in from `default`, at every depth. What is there stays, right or wrong. */
export function withDefaults(schema: JsonSchema, value: unknown): unknown {
  const given = value === undefined ? structuredClone(schema.default) : value;
  const { items, properties } = schema;
  if (items !== undefined && Array.isArray(given)) return given.map((item) => withDefaults(items, item));
  if (properties === undefined || !isTable(given)) return given;
  const filled = Object.entries(properties).map(([name, property]) => [
    name,
    withDefaults(property, Object.hasOwn(given, name) ? given[name] : undefined),
  ]);
  return { ...given, ...Object.fromEntries(filled.filter(([, found]) => found !== undefined)) };
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
