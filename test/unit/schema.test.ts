import * as fc from 'fast-check';
import { Type as TypeBox } from 'typebox';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { schemaProblems } from '../../appliance/schema-problems.ts';
import { Type, withDefaults } from '../../appliance/schema.ts';

/** One of everything. */
const made = (type: typeof Type) =>
  type.Object(
    {
      name: type.String({ description: 'A name.', minLength: 1, pattern: '^[a-z]' }),
      size: type.Integer({ minimum: 0, maximum: 9, default: 3 }),
      weight: type.Optional(type.Number()),
      isOn: type.Boolean({ default: false }),
      kind: type.Union([type.Literal('a'), type.Literal(7)], { default: 'a' }),
      level: type.Enum(['low', 'high'], { type: 'string' }),
      nothing: type.Null(),
      below: type.Object({ depth: type.Integer({ default: 1 }) }, { default: {} }),
      rows: type.Array(type.Object({ id: type.String(), port: type.Integer({ default: 161 }) }), {
        default: [],
      }),
      words: type.Record(type.String(), type.Array(type.String()), { description: 'By language.' }),
      maybe: type.Optional(type.Object({ deep: type.Optional(type.Boolean({ default: true })) })),
    },
    { additionalProperties: false },
  );

const none = (type: typeof Type) => type.Object({ only: type.Optional(type.String()) });

describe('a schema', () => {
  it("is the one that TypeBox's own constructors make", () => {
    expect(JSON.stringify(made(Type))).toBe(JSON.stringify(made(TypeBox)));
    expect(JSON.stringify(none(Type))).toBe(JSON.stringify(none(TypeBox)));
  });

  it('fills in what was left out as TypeBox does', () => {
    const row = fc.record({ id: fc.string(), port: fc.integer() }, { requiredKeys: [] });
    const value = fc.record(
      {
        name: fc.string(),
        size: fc.oneof(fc.integer(), fc.constant(null)),
        below: fc.oneof(fc.record({ depth: fc.integer() }, { requiredKeys: [] }), fc.string()),
        rows: fc.oneof(fc.array(row, { maxLength: 3 }), fc.integer()),
        maybe: fc.oneof(fc.constant({}), fc.boolean()),
        other: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(value, (given) => {
        expect(withDefaults(made(Type), given)).toEqual(Value.Default(made(TypeBox), structuredClone(given)));
      }),
      { numRuns: 300 },
    );
  });

  it('leaves the value that it was given as it was', () => {
    const given = { rows: [{ id: 'x' }] };
    withDefaults(made(Type), given);
    expect(given).toEqual({ rows: [{ id: 'x' }] });
  });

  it('judges each value of a record', () => {
    const words = Type.Record(Type.String(), Type.Array(Type.String({ minLength: 1 })));
    expect(schemaProblems(words, { de: ['ja'], en: [] })).toEqual([]);
    expect(schemaProblems(words, { de: ['ja', ''] })).toEqual([
      { key: 'de[1]', message: 'de[1] = "": must be text in quotes, not empty' },
    ]);
  });

  it('lets other keys pass unless it says otherwise', () => {
    const open = Type.Object({ id: Type.String() });
    expect(schemaProblems(open, { id: 'x', other: 1 })).toEqual([]);
    const closed = Type.Object({ id: Type.String() }, { additionalProperties: false });
    expect(schemaProblems(closed, { id: 'x', other: 1 })).toEqual([
      { key: 'other', message: 'other: no such key', isUnknown: true },
    ]);
  });
});
