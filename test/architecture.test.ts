/** The import table of the design, kept by a test: an allow list reads better than a hundred deny rules. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, dirname, normalize } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const appliance = join(root, 'appliance');

const parts = ['dhcp', 'provisioning', 'sip', 'rtp', 'location', 'cloud', 'web'];
const forParts = ['protocol', 'phones', 'net', 'store', 'schema', 'config', 'world'];

/** Area → areas it may import besides itself. */
const mayImport: Record<string, readonly string[]> = {
  protocol: [],
  phones: ['protocol'],
  schema: [],
  config: ['protocol', 'schema'],
  world: ['protocol', 'net'],
  net: ['protocol', 'world'],
  store: ['protocol', 'phones', 'world'],
  ...Object.fromEntries(parts.map((part) => [part, forParts])),
  update: forParts,
  // What root does to the box as a whole; no part.
  box: [...forParts, 'update'],
  commands: [...forParts, 'box', 'update'],
  appliance: [...parts, ...forParts],
  main: [...parts, ...forParts, 'commands', 'appliance'],
};

/** Pure files of a part that others may import: what a command prints is then what the part does. */
const shared: Record<string, readonly string[]> = {
  commands: ['dhcp/phone-options.ts', 'sip/dial-plan.ts'],
};

/** Package or built-in → areas that may use it. */
const fences: Record<string, readonly string[]> = {
  'better-sqlite3': ['store'],
  'node:dgram': ['net'],
  'node:net': ['net'],
  'node:tls': ['net'],
  'node:http': ['net'],
  'node:https': ['net'],
  'node:http2': ['net'],
  'node:child_process': ['net'],
  'net-snmp': ['net'],
  'drachtio-srf': ['sip'],
  fastify: ['web', 'provisioning'],
  typebox: ['schema'],
};

/** `world.ts` and `net/` name each other's types: a type is no dependency at run time. */
const typeOnly: Record<string, readonly string[]> = {
  net: ['config'],
  store: ['config'],
  sip: [],
  commands: ['main'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gm,
  );
  return Array.from(found, (match) => ({
    from: file,
    to: match[2] ?? match[3] ?? match[4] ?? '',
    isType: match[1] !== undefined,
  }));
}

/** `dhcp` for appliance/dhcp/server.ts, `config` for appliance/config.ts and all of appliance/config/, `schema` for every appliance/schema-*.ts. */
function areaOf(file: string): string {
  const [first = ''] = relative(appliance, file).split('/');
  return first.replace(/\.ts$/, '').replace(/^schema-.*/, 'schema');
}

export function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to, isType }) => {
    const area = areaOf(from);
    const name = relative(root, from);
    if (!to.startsWith('.')) {
      const fence = fences[to];
      if (fence !== undefined && !fence.includes(area) && !isType)
        return [`${name} imports ${to}: only ${fence.join(', ')} may`];
      if (area === 'protocol' && !isType)
        return [`${name} imports ${to}: protocol is pure and uses no package`];
      return [];
    }
    // firmware-templates/ is data, and anybody may read data.
    if (to.endsWith('.json')) return [];
    const file = normalize(join(dirname(from), to));
    if (shared[area]?.includes(relative(appliance, file))) return [];
    const target = areaOf(file);
    if (target === area || mayImport[area]?.includes(target)) return [];
    if (isType && typeOnly[area]?.includes(target)) return [];
    return [`${name} imports ${to}: ${area} may not import ${target}`];
  });
}

it('every file imports only what its part may', () => {
  expect(violations(sources(appliance).flatMap((file) => importsOf(file)))).toEqual([]);
});

it('a forbidden import is found', () => {
  const from = join(appliance, 'dhcp/server.ts');
  const wrong: Import[] = [
    { from, to: '../sip/relay.ts', isType: false },
    { from, to: 'node:dgram', isType: false },
    { from: join(appliance, 'protocol/dhcp.ts'), to: 'node:crypto', isType: false },
    { from: join(appliance, 'store/leases.ts'), to: '../dhcp/pool.ts', isType: true },
  ];
  expect(violations(wrong)).toHaveLength(4);
});

it('every part of the design has its folder and every folder its place in the table', () => {
  const folders = readdirSync(appliance, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  expect(folders.filter((name) => mayImport[name] === undefined)).toEqual([]);
});
