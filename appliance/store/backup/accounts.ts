/** Names of users and groups, and their numbers on this machine. */
import { readFileSync } from 'node:fs';

export interface Accounts {
  readonly userName: (uid: number) => string;
  readonly groupName: (gid: number) => string;
  /** Undefined: this machine has none of that name. */
  readonly uid: (name: string) => number | undefined;
  readonly gid: (name: string) => number | undefined;
}

export function readAccounts(): Accounts {
  const users = numbersIn('/etc/passwd');
  const groups = numbersIn('/etc/group');
  return {
    userName: (uid) => nameIn(users, uid),
    groupName: (gid) => nameIn(groups, gid),
    uid: (name) => users.get(name),
    gid: (name) => groups.get(name),
  };
}

/** The number itself where nobody has it. */
function nameIn(numbers: ReadonlyMap<string, number>, wanted: number): string {
  return Array.from(numbers).find(([, number]) => number === wanted)?.[0] ?? String(wanted);
}

/** passwd(5) and group(5): name, password, number. */
function numbersIn(file: string): Map<string, number> {
  const fields = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  return new Map(fields.flatMap(([name = '', , id = '']) => (/^\d+$/.test(id) ? [[name, Number(id)]] : [])));
}
