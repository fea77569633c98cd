/** Which of the box's users may read which file of its state: the design's rule, for tests that try it. */

const partNames = ['dhcp', 'provisioning', 'rtp', 'sip', 'location', 'web', 'cloud'];

export const stateUsers = [...partNames, 'authority'].map((part) => `gatehouse-${part}`);

/** Shell that prints "USER FILE" for each file below /var/lib/gatehouse that a user could open; sockets are left out. */
export const whoReadsWhat = `cd /var/lib/gatehouse
find . -type f ! -name "*.sock" -printf "%P\\n" > /tmp/files
${stateUsers
  .map(
    (user) =>
      `setpriv --reuid=${user} --regid=${groupOf(user)} --groups=${groupsOf(user)} sh -c 'while read -r file; do (: < "$file") 2>/dev/null && echo "${user} $file"; done < /tmp/files; true'`,
  )
  .join('\n')}
`;

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
  if (file.endsWith('.key') || file.includes('.secret.')) return isOwner;
  return true;
}
