/** `gatehouse snippet` as a person runs it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { snippetCommand } from '../../../appliance/commands/snippet.ts';
import { temporaryDirectory } from '../../support/directory.ts';

async function print(words: readonly string[], json = false) {
  const configFile = join(temporaryDirectory(), 'gatehouse.toml');
  writeFileSync(configFile, '[site]\naddress = "10.66.0.1"\nname = "Müller & Söhne"\n');
  const lines: string[] = [];
  const rest = words.filter((word) => word !== '--undo');
  const undo = words.includes('--undo');
  const code = await snippetCommand({ configFile, json, undo, rest, out: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

it.each([['dnsmasq'], ['kea'], ['isc'], ['windows'], ['windows', '--undo'], ['ios']])(
  'prints for %s, with the site on top',
  async (...words) => {
    const { code, text } = await print(words);
    expect(code).toBe(0);
    expect(text.slice(0, 60)).toContain('Gatehouse, site "Müller & Söhne"');
  },
);

it('gives the same as JSON', async () => {
  const { text } = await print(['isc'], true);
  expect(JSON.parse(text)).toEqual({ server: 'isc', text: (await print(['isc'])).text });
});

it.each([[[]], [['dhcpd']], [['kea', '--undo']]])(
  'names the servers when asked for %j, exit code 2',
  async (words) => {
    const { code, text } = await print(words);
    expect(code).toBe(2);
    expect(text).toContain('dnsmasq|kea|isc|windows|ios');
  },
);
