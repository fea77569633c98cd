import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { parse } from 'smol-toml';
import { parseConfig } from '../../../appliance/config.ts';
import { configJsonSchema, printConfig } from '../../../appliance/config/print.ts';
import { ConfigSchema } from '../../../appliance/config/schema.ts';

const full = `
[site]
name = "He said \\"hi\\" \\\\ \\u007F and went"
region = "noam"
address = "10.20.0.1"
language = "de"
[dhcp]
mode = "server"
subnet = "10.20.0.0/24"
pool = ["10.20.0.100", "10.20.0.199"]
ntp_servers = ["10.20.0.2", "10.20.0.3"]
[dhcp.relay]
servers = ["10.9.0.1"]
hop_limit = 2
[[location.switch]]
name = "first"
address = "10.0.0.2"
user = "u"
secret_file = "/etc/a"
[[location.switch]]
name = "second"
version = "2c"
address = "10.0.0.3"
secret_file = "/etc/b"
[[location.wiremap]]
place = "Größe 3"
subnet = "10.20.0.0/24"
`;

describe('config print', () => {
  it.each([
    ['the smallest file', '[site]\naddress = "10.20.0.1"\n'],
    ['a file with switches and places', full],
  ])('writes %s so that it reads back the same', (_title, source) => {
    const config = parseConfig(source);
    expect(parseConfig(printConfig(config))).toEqual(config);
  });

  it('names every key, set or not', () => {
    const text = printConfig(parseConfig('[site]\naddress = "10.20.0.1"\n'));
    for (const [table, { properties }] of Object.entries(ConfigSchema.properties)) {
      expect(text).toContain(`[${table}]`);
      for (const key of Object.keys(properties))
        expect(text).toMatch(new RegExp(`^#?(${key} = |\\[{1,2}${table}\\.${key}\\])`, 'm'));
    }
  });

  it('shows examples that are right when they are uncommented', () => {
    const text = printConfig(parseConfig('[site]\naddress = "10.20.0.1"\n'));
    const uncommented = text.replaceAll(/^#(?=[a-z[])/gm, '');
    const { location, ...rest } = parse(uncommented) as { location: { switch: unknown[] } };
    expect(location.switch).toHaveLength(1);
    expect(Value.Check(ConfigSchema, { ...rest, location })).toBe(true);
  });
});

describe('config schema', () => {
  it('is plain JSON that knows every table and refuses other keys', () => {
    const schema = configJsonSchema() as {
      properties: Record<string, { additionalProperties: boolean }>;
      $schema: string;
    };
    expect(schema.$schema).toContain('2020-12');
    expect(Object.keys(schema.properties)).toEqual(Object.keys(ConfigSchema.properties));
    expect(Object.values(schema.properties).every((table) => !table.additionalProperties)).toBe(true);
  });
});
