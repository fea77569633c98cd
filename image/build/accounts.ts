/** Users and groups with fixed numbers, made before the packages that would make them with the next free one. */

export interface Accounts {
  /** Lines of /etc/passwd and so on. */
  readonly passwd: readonly string[];
  readonly group: readonly string[];
  readonly shadow: readonly string[];
  readonly gshadow: readonly string[];
}

/**
 * From lines of sysusers.d(5): `u NAME NUMBER "who" HOME` and `g NAME NUMBER`. Nobody can log in as any of them.
 * @param day of the shadow entries, since 1970: the same in every build
 * @throws at a line without a number
 */
export function fixedAccounts(text: string, day: number): Accounts {
  const accounts = {
    passwd: [] as string[],
    group: [] as string[],
    shadow: [] as string[],
    gshadow: [] as string[],
  };
  for (const line of text.split('\n')) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const match = /^([ug])\s+(\S+)\s+(\d+)(?:\s+(?:"([^"]*)"|-))?(?:\s+(\S+))?/.exec(line);
    if (match === null) throw new Error(`sysusers.d: no fixed number in "${line}"`);
    const [, type, name = '', number = '', who = '', home = '-'] = match;
    accounts.group.push(`${name}:x:${number}:`);
    accounts.gshadow.push(`${name}:!*::`);
    if (type === 'g') continue;
    accounts.passwd.push(
      `${name}:x:${number}:${number}:${who}:${home === '-' ? '/' : home}:/usr/sbin/nologin`,
    );
    accounts.shadow.push(`${name}:!*:${day}::::::`);
  }
  return accounts;
}
