import { expect, it } from 'vitest';
import { startsWhatIsThere, takesOnlyItsOwn } from '../../../image/deb/bundle.ts';

it('the program that is started by its path is found where it is installed', () => {
  const text = 'const program = join(import.meta.dirname, "../main.ts");';
  expect(startsWhatIsThere(text)).toBe('const program = join(import.meta.dirname, "../main.js");');
});

it('a module that is started by a path where it will not be is refused', () => {
  const text = "/** Like './store/sync.ts'. */\nconst worker = new Worker('./store/sync.ts');";
  expect(() => startsWhatIsThere(text)).toThrow("is this the name of a module? './store/sync.ts'");
});

it('what only a comment names is let be', () => {
  const text = "/** As '../net/udp.ts' says. */\n// see './a/b.ts'\nconst a = 1;";
  expect(startsWhatIsThere(text)).toBe(text);
});

it('of the modules of node only what a part uses is run', () => {
  const text = 'import { createServer, request as ask } from "node:http";\nimport { a } from "./b-1234.js";';
  expect(takesOnlyItsOwn(text)).toBe(
    'const { createServer, request: ask } = globalThis.process.getBuiltinModule("node:http");\nimport { a } from "./b-1234.js";',
  );
});

it('an import of a whole module of node stays as it is', () => {
  const text = 'import { default as http } from "node:http";\nimport * as os from "node:os";';
  expect(takesOnlyItsOwn(text)).toBe(text);
});
