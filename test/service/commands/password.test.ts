/** `gatehouse setup-code` and `gatehouse password`, as processes: what they read comes from standard input. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hasPassword, isPassword } from '../../../appliance/store/admin-password.ts';
import { openSecrets } from '../../../appliance/store/secrets.ts';
import { beginSession, liveSessions } from '../../../appliance/store/sessions.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const main = join(import.meta.dirname, '../../../appliance/main.ts');

function openBox() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n`);
  const gatehouse = async (word: string, input = '') =>
    await new Promise<{ code: number; text: string }>((resolve) => {
      const child = execFile(process.execPath, [main, word, '--config', configFile], (error, stdout) => {
        resolve({ code: error === null ? 0 : Number(error.code), text: stdout.trim() });
      });
      child.stdin?.end(input);
    });
  return { directory, gatehouse };
}

it('the set-up code is the same until there is a password, and none after', async () => {
  const { gatehouse } = openBox();
  const first = await gatehouse('setup-code');
  expect(first).toEqual({ code: 0, text: expect.stringMatching(/^\w{4}-\w{4}-\w{4}$/) as string });
  expect(await gatehouse('setup-code')).toEqual(first);
  expect((await gatehouse('password', 'a password for the page\n')).code).toBe(0);
  expect(await gatehouse('setup-code')).toEqual({ code: 1, text: '' });
});

it('a forgotten password is replaced, and whoever was signed in is out', async () => {
  const { directory, gatehouse } = openBox();
  const now = systemClock.now();
  using store = openStore({ directory, part: 'web', clock: systemClock });
  await store.write(({ db }) => beginSession(db, { remote: '10.0.0.1', now }));
  expect((await gatehouse('password', 'short\n')).code).toBe(2);
  using secrets = openSecrets(directory, 'web', systemClock);
  expect([hasPassword(secrets), liveSessions(store.db, now).length]).toEqual([false, 1]);
  expect((await gatehouse('password', 'a password for the page\n')).code).toBe(0);
  expect(await isPassword(secrets, 'a password for the page')).toBe(true);
  expect(liveSessions(store.db, now)).toEqual([]);
});

it('whoever came in by the former password while the new one was made is out too', async () => {
  const { directory, gatehouse } = openBox();
  using store = openStore({ directory, part: 'web', clock: systemClock });
  const now = systemClock.now();
  // Right after the command has ended all sessions.
  await store.write(({ db }) =>
    db.exec(`CREATE TRIGGER intruder AFTER INSERT ON journal WHEN new.kind = 'password_set' BEGIN
      INSERT INTO session (id, token_hash, remote, began_at, seen_at) VALUES ('x', 'x', '10.0.0.1', ${now}, ${now});
    END`),
  );
  expect((await gatehouse('password', 'a password for the page\n')).code).toBe(0);
  expect(liveSessions(store.db, now)).toEqual([]);
});
