/** `gatehouse password`: another password for the page, by whoever is root on the box. Ends all sessions. */
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { isPassword, passwordProblem, setPassword } from '../store/admin-password.ts';
import { openSecrets } from '../store/secrets.ts';
import { endOtherSessions } from '../store/sessions.ts';
import { openStore } from '../store/store.ts';
import { systemClock } from '../world.ts';
import { becomeWeb } from './as-web.ts';
import { newPassphrase } from './passphrase.ts';

export async function passwordCommand({ configFile, rest, out }: CommandCall): Promise<number> {
  if (rest.length > 0) {
    out('usage: gatehouse password      asks for it, or reads it from standard input');
    return 2;
  }
  const { state_directory: directory } = readConfig(configFile).site;
  becomeWeb(directory);
  const password = await newPassphrase('new password for the page: ');
  const problem = passwordProblem(password);
  if (problem !== undefined) {
    out(problem);
    return 2;
  }
  using secrets = openSecrets(directory, 'web', systemClock);
  if (await isPassword(secrets, password, 'viewers')) {
    out('This is the password of those who only look at the page: choose another one.');
    return 2;
  }
  using store = openStore({ directory, part: 'web', clock: systemClock });
  await store.write((tx) => {
    endOtherSessions(tx.db, undefined, systemClock.now());
    tx.journal({ kind: 'password_set', body: { by: 'command' } });
  });
  await setPassword(secrets, password);
  // Whose former password was found right just before may have come in meanwhile.
  await store.write((tx) => endOtherSessions(tx.db, undefined, systemClock.now()));
  out('The page takes this password from now on, and whoever was signed in is signed out.');
  return 0;
}
