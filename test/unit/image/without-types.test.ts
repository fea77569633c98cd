import { expect, it } from 'vitest';
import { withoutTypes } from '../../../image/deb/without-types.ts';

it('types go, lines and columns stay, and imports lead to what is installed', () => {
  const source = `/** Says 'from '../a.ts'. */
import type { A } from './a.ts';
import { b } from '../b.ts';
import './effect.ts';
export { c } from './c.ts';
export const d = async (e: number): Promise<unknown> => await import('./d.ts') as unknown;
`;
  const text = withoutTypes(source);
  expect(text.split('\n').map((line) => line.trimEnd())).toEqual([
    "/** Says 'from '../a.js'. */",
    '',
    "import { b } from '../b.js';",
    "import './effect.js';",
    "export { c } from './c.js';",
    "export const d = async (e        )                   => await import('./d.js')           ;",
    '',
  ]);
});

it('a module that is started by its path is found, and one that would not be is refused', () => {
  const path = "export const program = join(import.meta.dirname, '../main.ts');";
  expect(withoutTypes(path)).toBe(path.replace('.ts', '.js'));
  expect(() => withoutTypes("export const program = join(home, 'appliance/main.ts');")).toThrow(
    "is this the name of a module? 'appliance/main.ts'",
  );
});
