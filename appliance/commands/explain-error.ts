/** Any error as one sentence for the person at the machine: what failed with what, and what to do. Pure. */

/** The fields that errors of the operating system, of SQLite and of our own carry. */
interface Details {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string;
  readonly address?: string;
  readonly port?: number;
  readonly problems?: readonly string[];
}

/** One line; several only for several mistakes in the settings. */
export function explainError(error: unknown): string {
  const chain = causes(error);
  const config = chain.find((link) => link.problems !== undefined);
  if (config !== undefined) return explainConfig(config);
  for (const link of chain.toReversed()) {
    const told = chain.findIndex(({ message }) => isTold(message, link));
    if (told !== -1) return oneLine(joined(chain.slice(0, told + 1)));
    const advice = adviceFor(link);
    if (advice !== undefined) return oneLine(`${context(chain, link)}${advice}`);
  }
  return oneLine(joined(chain) || String(error));
}

type Link = Error & Details;

/** From what was being done down to its first cause; of several at once the first. */
function causes(error: unknown): Link[] {
  const chain: Link[] = [];
  let link = error;
  while (link instanceof Error && chain.length < 8) {
    chain.push(link);
    link = link.cause ?? (link instanceof AggregateError ? (link.errors as unknown[])[0] : undefined);
  }
  return chain;
}

/** Whoever wrapped the error wrote the place and the reason already, as `udp.ts` does. */
function isTold(message: string, { address, port, message: own }: Link): boolean {
  return (
    address !== undefined && port !== undefined && message !== own && message.includes(`${address}:${port}`)
  );
}

function joined(chain: readonly Link[]): string {
  return chain.map((link) => link.message).join(': ');
}

/** What was being done, in the words of those who wrapped the error. */
function context(chain: readonly Link[], cause: Link): string {
  return chain
    .slice(0, chain.indexOf(cause))
    .filter((link) => !(link instanceof AggregateError))
    .map((link) => `${link.message}: `)
    .join('');
}

function explainConfig({ message, problems = [] }: Link): string {
  if (problems.length <= 1) return oneLine(message);
  const file = message.slice(0, Math.max(0, message.indexOf(`: ${problems[0]}`)));
  return [`${file}: ${problems.length} problems`, ...problems.map((problem) => `  ${oneLine(problem)}`)].join(
    '\n',
  );
}

const sqliteAdvice: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk is full; make room where site.state_directory is, then start again',
  SQLITE_READONLY:
    'the disk or the database file is read-only; mount it writable and check who owns the files',
  SQLITE_CANTOPEN:
    'the database cannot be opened; check that site.state_directory may be read and written by this user',
  SQLITE_IOERR:
    'the disk reports an error while a database is read or written; check the disk and the kernel log',
  SQLITE_BUSY: 'the database is held by another process; is Gatehouse running twice?',
  SQLITE_CORRUPT: 'the database is damaged; restore a backup',
  SQLITE_NOTADB: 'the file is no database of ours, or is damaged; move it away or restore a backup',
};

function adviceFor(error: Link): string | undefined {
  const { code } = error;
  if (typeof code !== 'string') return undefined;
  if (code.startsWith('SQLITE_')) {
    // Extended codes go on after the primary one: SQLITE_IOERR_WRITE.
    const primary = code.split('_').slice(0, 2).join('_');
    return sqliteAdvice[primary] === undefined ? undefined : `${sqliteAdvice[primary]} (${code})`;
  }
  return isNetwork(error) ? networkAdvice(error, code) : fileAdvice(error, code);
}

function isNetwork({ syscall, port, path }: Details): boolean {
  return (
    port !== undefined ||
    (path === undefined && /^(bind|listen|connect|setsockopt|sendmsg|send)$/.test(syscall ?? ''))
  );
}

function networkAdvice(error: Link, code: string): string | undefined {
  const where =
    error.address === undefined
      ? `port ${error.port}`
      : `${error.address}${error.port === undefined ? '' : ` port ${error.port}`}`;
  const advice: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is in use by another program; stop that one (\`ss -lntup\` shows it) or give another port`,
    EADDRNOTAVAIL: `${where}: this machine has no such address; check site.address, web.address and the network cards`,
    EACCES: `${where}: this user may not take a port below 1024; start it through systemd or systemd/with-sockets`,
    EPERM: `${where}: the right to do this is missing; start it through systemd or systemd/with-sockets`,
    ENODEV: `${where}: there is no such network card; check dhcp.interface against \`ip link\``,
    ENXIO: `${where}: there is no such network card; check dhcp.interface against \`ip link\``,
    ECONNREFUSED: `${where} refuses the connection; is the program behind it running?`,
    ETIMEDOUT: `${where} does not answer; check the network and the firewall`,
    EHOSTUNREACH: `${where} cannot be reached; check the cable, the address and the gateway`,
    ENETUNREACH: `there is no route to ${where}; check the gateway of this machine`,
  };
  return advice[code];
}

function fileAdvice(error: Link, code: string): string | undefined {
  const what = error.path ?? 'a file';
  const isProgram = error.syscall?.startsWith('spawn') === true;
  const advice: Readonly<Record<string, string>> = {
    ENOSPC: `${what}: the disk is full; make room there, then start again`,
    EDQUOT: `${what}: the quota of this user is used up; make room there, then start again`,
    EROFS: `${what}: the disk is read-only; mount it writable`,
    EACCES: `${what}: permission denied for this user; check who owns it`,
    EPERM: `${what}: this user may not do that; check who owns it`,
    ENOENT: isProgram
      ? `the program ${what} is not installed; install it and start again`
      : `${what}: there is no such file or directory`,
    ENOTDIR: `${what}: a part of this path is a file, not a directory`,
    EISDIR: `${what}: is a directory, a file is wanted`,
    ENAMETOOLONG: `${what}: this path is too long`,
    EADDRINUSE: `${what}: another program listens there already; is Gatehouse running twice?`,
    EMFILE: 'too many files and sockets are open; raise the limit (`ulimit -n`, LimitNOFILE= in the unit)',
    ENFILE: 'this machine has too many files open; raise fs.file-max',
    ENOMEM: 'this machine has no memory left; stop something, or give it more',
    EIO: `${what}: the disk reports an error; check the disk and the kernel log`,
  };
  return advice[code];
}

/** Control characters of a hostile message must not reach the terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}
