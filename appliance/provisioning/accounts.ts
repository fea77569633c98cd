/** SIP accounts in a configuration, by the vendor's keys. Pure. */
import type { AccountSecret } from '../store/account-seal.ts';
import type { Setting } from './settings.ts';

/** Keys with `{n}` for the number of the line; case is ignored. */
export interface AccountKeys {
  readonly user: string;
  readonly authUser: string;
  readonly password: string;
}

export interface PassedAccount extends AccountSecret {
  readonly line: number;
  /** User part of the AOR. */
  readonly user: string;
}

/** More than any desk phone has. */
const mostLines = 64;
/** Of a name or a password. */
const mostCharacters = 255;

export type AccountReader = (settings: readonly Setting[]) => PassedAccount[];

/** Finds the lines that have a user and a password. */
export function newAccountReader(keys: AccountKeys): AccountReader {
  const patterns = (['user', 'authUser', 'password'] as const).map(
    (name) => [name, linePattern(keys[name])] as const,
  );
  return (settings) => {
    const found = new Map<number, { user?: string; authUser?: string; password?: string }>();
    for (const { key, value } of settings) {
      for (const [name, pattern] of patterns) {
        const line = Number(pattern.exec(key)?.[1] ?? mostLines);
        if (line < mostLines && isValue(value))
          found.set(line, { ...found.get(line), [name]: asWritten(value) });
      }
    }
    return Array.from(found, ([line, { user = '', authUser = user, password = '' }]) => ({
      line,
      user: user.replace(/^sips?:/i, '').split('@')[0] ?? '',
      authUser,
      password,
    })).filter(({ user, password }) => user !== '' && password !== '');
  };
}

function linePattern(key: string): RegExp {
  const literal = key.replaceAll(/[.[\]]/g, String.raw`\$&`);
  return new RegExp(`^${literal.replace('{n}', String.raw`(\d{1,2})`)}$`, 'i');
}

/** Yealink's phones take `%NULL%` for a value that is to be forgotten. */
function isValue(value: string): boolean {
  return value !== '' && value !== '%NULL%' && value.length <= mostCharacters;
}

/** Bodies are read a character a byte; phones read UTF-8. */
function asWritten(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8');
}
