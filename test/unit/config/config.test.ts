import * as fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { ConfigSchema } from '../../../appliance/config/schema.ts';
import { schemaProblems } from '../../../appliance/schema-problems.ts';
import { withDefaults } from '../../../appliance/schema.ts';
import { problemsOf } from '../../support/settings-problems.ts';

const site = '[site]\naddress = "10.20.0.1"\n';

describe('gatehouse.toml', () => {
  it('needs one line only, the rest is filled in', () => {
    const config = parseConfig('site.address = "10.20.0.1"');
    expect(config.site.region).toBe('emea');
    expect(config.sip.tls_port).toBe(5061);
    expect(config.location.switch).toEqual([]);
  });

  it('fills in the defaults of each switch', () => {
    const { location } = parseConfig(
      `${site}[[location.switch]]\nname = "a"\naddress = "10.0.0.2"\nuser = "u"\nsecret_file = "x"\n`,
    );
    expect(location.switch[0]).toMatchObject({ version: '3', port: 161 });
  });

  it('may have the same address space in a larger and a smaller subnet', () => {
    const wiremap = `[[location.wiremap]]\nplace = "a"\nsubnet = "10.1.0.0/16"\n[[location.wiremap]]\nplace = "b"\nsubnet = "10.1.2.0/24"\n`;
    expect(problemsOf(`${site}${wiremap}`)).toEqual([]);
  });

  it('cuts a value that is too long to be read', () => {
    expect(problemsOf(`${site}region = "${'x'.repeat(500)}"\n`)[0]?.length).toBeLessThan(200);
  });

  it('never throws anything but its problems, whatever stands in it', () => {
    const values = fc.constantFrom(
      '3',
      '-1',
      '"x"',
      '[]',
      '[1]',
      '{}',
      'true',
      '1.5',
      '1979-05-27',
      'inf',
      '"10.20.0.1"',
      '[{}]',
      '""',
    );
    const keys = fc.constantFrom(
      ...Object.entries(ConfigSchema.properties).flatMap(([table, schema]) => [
        table,
        ...Object.keys(schema.properties).map((key) => `${table}.${key}`),
      ]),
      '__proto__',
      'site.constructor',
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(keys, values), { selector: ([key]) => key, maxLength: 8 }),
        (lines) => {
          const source = lines.map(([key, value]) => `${key} = ${value}`).join('\n');
          expect(problemsOf(source).every((problem) => problem.length > 10)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is judged as the JSON Schema that is handed out judges it', () => {
    const word = fc.oneof(
      fc.constantFrom('emea', '10.20.0.1', '10.0.0.0/8', 'server', '3', '2c', '', 'https://a', 'x'),
      fc.string(),
    );
    const value = fc.oneof(
      word,
      fc.integer({ min: -2, max: 70_000 }),
      fc.boolean(),
      fc.double(),
      fc.array(word, { maxLength: 3 }),
    );
    const tables = Object.entries(ConfigSchema.properties).map(([name, schema]) => [
      name,
      fc.record(Object.fromEntries(Object.keys(schema.properties).map((key) => [key, value])), {
        requiredKeys: [],
      }),
    ]);
    const config = fc.record(Object.fromEntries(tables) as Record<string, fc.Arbitrary<unknown>>, {
      requiredKeys: [],
    });
    fc.assert(
      fc.property(config, (json) => {
        const filled = withDefaults(ConfigSchema, json);
        expect(schemaProblems(ConfigSchema, filled).length === 0).toBe(Value.Check(ConfigSchema, filled));
      }),
      { numRuns: 300 },
    );
  });
});
