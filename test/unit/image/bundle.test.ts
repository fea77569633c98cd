import { expect, it } from 'vitest';
import { startsWhatIsThere } from '../../../image/deb/bundle.ts';

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
