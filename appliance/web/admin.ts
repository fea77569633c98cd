/** The ways in, the admin's and that of people who only look: passwords, sessions, and the set-up code while there is no password yet. */
import {
  hasPassword,
  isPassword,
  isSetupCode,
  passwordMark,
  passwordProblem,
  setPassword,
  setupCode,
} from '../store/admin-password.ts';
import { forgetOrderSecrets, keepOrderSecret } from '../store/order-secrets.ts';
import { openSecrets } from '../store/secrets.ts';
import { endOtherSessions, type Session } from '../store/sessions.ts';
import type { Store } from '../store/store.ts';
import type { World } from '../world.ts';
import { openAdminSessions, type AdminSessions, type Entered } from './admin-sessions.ts';
import { newChecks, type Refused } from './password-checks.ts';
import { openViewers, type Viewers } from './viewers.ts';
import { showSetupCode } from './show-setup-code.ts';

export interface Admin extends Disposable {
  readonly sessions: AdminSessions;
  readonly viewers: Viewers;
  hasPassword(): boolean;
  /** By which of the two passwords it is says who comes in. */
  signIn(password: string, remote: string): Promise<Pick<Entered, 'token'> | Refused>;
  /** Asks for the password again; undefined when it is right. */
  confirm(password: string, remote: string): Promise<Refused | undefined>;
  /** Sealed; returns the name by which an order tells root's side of it. */
  keepForRoot(text: string): Promise<string>;
  /** The order is over. */
  forgetForRoot(): Promise<void>;
  /** All other sessions end. */
  changePassword(session: Session, change: PasswordChange): Promise<Refused | undefined>;
  /** The first password, by the code on the box's screen. */
  setUp(code: string, password: string, remote: string): Promise<Entered | Refused>;
}

interface PasswordChange {
  readonly current: string;
  readonly password: string;
  readonly remote: string;
}

interface Needs {
  readonly directory: string;
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'log'>;
}

export async function openAdmin({ directory, store, world }: Needs): Promise<Admin> {
  const { clock, log } = world;
  const secrets = openSecrets(directory, 'web', clock);
  // Made before anybody asks, so that the box's screen has it.
  await setupCode(secrets)
    .then(showSetupCode)
    .catch((error: unknown) => log.error({ error: String(error) }, 'no set-up code could be shown'));
  const sessions = openAdminSessions(store, world, () => passwordMark(secrets));
  const viewers = openViewers({ secrets, store, clock });
  const checked = newChecks(store, clock);
  const confirm: Admin['confirm'] = async (password, remote) =>
    await checked(remote, 'password', async () => await isPassword(secrets, password));
  return {
    sessions,
    viewers,
    hasPassword: () => hasPassword(secrets),
    forgetForRoot: async () => await forgetOrderSecrets(secrets),
    keepForRoot: async (text) => await keepOrderSecret(secrets, text),
    confirm,
    signIn: async (password, remote) => {
      let isViewers = false;
      const isRight = async () =>
        (await isPassword(secrets, password)) ||
        ((isViewers = await viewers.isPassword(password)) && 'viewers');
      const refused = await checked(remote, 'password', isRight);
      return refused ?? (await (isViewers ? viewers.begin(remote) : sessions.begin(remote, 'password')));
    },
    changePassword: async ({ id }, { current, password, remote }) => {
      const refused =
        short(password) ??
        (await viewers.isTheirs(password)) ??
        (await checked(remote, 'password', async () => {
          if (!(await isPassword(secrets, current))) return false;
          // Before it counts: on a disk that takes this and then no more, nobody stays in by the former one.
          await store.write((tx) => {
            endOtherSessions(tx.db, id, clock.now());
            tx.journal({ kind: 'password_set', body: { by: 'page', remote } });
          });
          await setPassword(secrets, password);
          return true;
        }));
      if (refused !== undefined) return refused;
      // Whose former password was found right just before may have come in meanwhile.
      await sessions.endOthers(id);
      return undefined;
    },
    setUp: async (code, password, remote) => {
      if (hasPassword(secrets)) return { refused: 'done', words: 'This box has its password: sign in.' };
      const refused =
        short(password) ??
        (await checked(remote, 'code', async () => {
          if (!isSetupCode(secrets, code)) return false;
          // Here, where one comes after the other: of two with the right code one chooses the password.
          await setPassword(secrets, password);
          return true;
        }));
      if (refused !== undefined) return refused;
      showSetupCode(undefined);
      await store.write((tx) => tx.journal({ kind: 'password_set', body: { by: 'setup', remote } }));
      return await sessions.begin(remote, 'code');
    },
    [Symbol.dispose]: () => secrets[Symbol.dispose](),
  };
}

function short(password: string): Refused | undefined {
  const words = passwordProblem(password);
  return words === undefined ? undefined : { refused: 'short', words };
}
