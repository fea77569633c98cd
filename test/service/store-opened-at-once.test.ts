/** Box's file is written by processes that come and go, and some of them come at the same moment. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../support/command.ts';
import { temporaryDirectory } from '../support/directory.ts';

it('processes that open a new file at the same moment all find it migrated', async () => {
  const directory = temporaryDirectory();
  const store = join(import.meta.dirname, '../../appliance/store/store.ts');
  const beginAt = Date.now() + 3000;
  const script = `const { openStore } = await import(${JSON.stringify(store)});
    while (Date.now() < ${beginAt});
    openStore({ directory: ${JSON.stringify(directory)}, part: 'box', clock: Date });
    console.log('open'); process.exit();`;
  const open = async () => await run([process.execPath, '--input-type=module', '-e', script]);
  expect(await Promise.all(Array.from({ length: 6 }, open))).toEqual(
    Array.from({ length: 6 }, () => 'open\n'),
  );
});
