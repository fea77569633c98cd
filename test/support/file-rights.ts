/** Which of the box's users may read and write which file of its state: the design's rule, for tests that try it. */

const partNames = ['dhcp', 'provisioning', 'rtp', 'sip', 'location', 'web', 'cloud'];

export const stateUsers = [...partNames, 'authority', 'update'].map((part) => `gatehouse-${part}`);

/** Shell that prints "USER FILE" for each file below /var/lib/gatehouse that a user could open; sockets are left out. */
export const whoReadsWhat = tryEach('-type f ! -name "*.sock"', '(: < "$file") 2>/dev/null');

/** The same for each file and folder that a user could write to; the databases' own companions are made anew all the time. */
export const whoWritesWhat = tryEach(
  String.raw`\( -type f ! -name "*.sock" ! -name "*-wal" ! -name "*-shm" -o -type d \)`,
  'test -w "$file"',
);

function tryEach(found: string, attempt: string): string {
  const asUser = (user: string) =>
    `setpriv --reuid=${user} --regid=${groupOf(user)} --groups=${groupsOf(user)} sh -c 'while read -r file; do ${attempt} && echo "${user} $file"; done < /tmp/files; true'`;
  return `cd /var/lib/gatehouse\nfind . ${found} -printf "%P\\n" > /tmp/files\n${stateUsers.map(asUser).join('\n')}\n`;
}

/** "USER FILE" of who writes somebody else's: nobody. */
export function writtenByOthers(lines: string): string[] {
  return lines
    .trim()
    .split('\n')
    .filter((line) => {
      const [user = '', file = ''] = line.split(' ');
      return user !== `gatehouse-${file.split('/')[0]}`;
    });
}

/** The same lines by the rule, for these files. */
export function whoMayReadWhat(files: readonly string[]): string[] {
  return stateUsers.flatMap((user) =>
    files.filter((file) => mayRead(user, file)).map((file) => `${user} ${file}`),
  );
}

function groupOf(user: string): string {
  return user === 'gatehouse-authority' ? 'gatehouse-tls' : 'gatehouse';
}

function groupsOf(user: string): string {
  return ['gatehouse-sip', 'gatehouse-provisioning'].includes(user) ? 'gatehouse-tls' : 'gatehouse';
}

function mayRead(user: string, file: string): boolean {
  const [part = ''] = file.split('/');
  const isOwner = user === `gatehouse-${part}`;
  if (file.endsWith('ca.key')) return isOwner;
  if (file.endsWith('server.key')) return isOwner || groupsOf(user) === 'gatehouse-tls';
  // Whoever may read a lock could hold it.
  if (file.endsWith('.lock')) return isOwner;
  if (file.endsWith('.key') || file.includes('.secret.')) return isOwner;
  return true;
}
