/** What a part's unit says of its environment: the bench starts parts as the box does. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const units = join(import.meta.dirname, '../../systemd/system');

/** What `Environment=` says in the part's unit and its drop-ins, with `cache` as the unit's cache directory. */
export function unitEnvironment(part: string, cache: string): Record<string, string> {
  const dropIns = join(units, `gatehouse@${part}.service.d`);
  const files = [
    join(units, 'gatehouse@.service'),
    ...readdirSync(dropIns).map((name) => join(dropIns, name)),
  ];
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const lines = texts.flatMap((text) => text.match(/^Environment=.*/gm) ?? []);
  const pairs = lines.flatMap((line) => [...line.slice('Environment='.length).matchAll(/"([^"]*)"|(\S+)/g)]);
  return Object.fromEntries(
    pairs.map(([, quoted, plain = '']) => {
      const [name = '', ...value] = (quoted ?? plain).split('=');
      return [name, value.join('=').replace(/^%C\/gatehouse\/%i$/, cache)];
    }),
  );
}
