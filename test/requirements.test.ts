/** Every requirement of the service's documentation names what shows it; a name that leads nowhere fails. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

interface Requirement {
  readonly id: string;
  readonly what: string;
  /** Separated by ` | `: `test: FILE › TITLE`, `guided text: FILE`, `not yet`, `not possible: why`. */
  readonly shownBy: string;
}

const requirements: Requirement[] = readFileSync(join(root, 'test/fixtures/requirements.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [id = '', what = '', shownBy = ''] = line.split('\t');
    return { id, what, shownBy };
  });

/** What is wrong with one entry; undefined when it stands. */
function fault(shownBy: string): string | undefined {
  if (shownBy === 'not yet' || /^not possible: \S/.test(shownBy)) return undefined;
  const [, kind, file = '', title = ''] = /^(test|guided text): ([^›]+?)(?: › (.+))?$/.exec(shownBy) ?? [];
  if (kind === undefined) return `"${shownBy}" is no test, guided text, "not yet" or "not possible: why"`;
  if (!existsSync(join(root, file))) return `${file} is not there`;
  if (kind === 'guided text') return undefined;
  if (title === '') return `${file}: which test?`;
  return readFileSync(join(root, file), 'utf8').includes(title) ? undefined : `${file} has no "${title}"`;
}

it('lists G-1 to G-75, each once', () => {
  expect(requirements.map(({ id }) => id)).toEqual(Array.from({ length: 75 }, (_, at) => `G-${at + 1}`));
});

it.each(requirements)('$id ($what) names what shows it', ({ shownBy }) => {
  expect(shownBy.split(' | ').map((entry) => fault(entry))).toEqual(
    shownBy.split(' | ').map(() => undefined),
  );
});

it('an empty entry, a missing file and a missing title are found', () => {
  expect(fault('')).toMatch(/is no test/);
  expect(fault('test: test/unit/nowhere.test.ts › x')).toMatch(/is not there/);
  expect(fault('test: test/requirements.test.ts')).toMatch(/which test/);
  expect(fault(`test: test/requirements.test.ts › ${randomUUID()}`)).toMatch(/has no/);
});
