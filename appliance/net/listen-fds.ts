/** Sockets handed over by systemd or `systemd/with-sockets`: sd_listen_fds(3). */

const firstFd = 3;

/**
 * Descriptor by name (`LISTEN_FDNAMES`), such as `dhcp=eth0`. Empty when nothing was handed to this very process.
 * A name given twice keeps its first descriptor.
 */
export function listenFds(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Map<string, number> {
  const { LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID } = env;
  const fds = new Map<string, number>();
  // The variables are inherited by children, the descriptors are not: LISTEN_PID tells them apart.
  if (LISTEN_PID !== undefined && LISTEN_PID !== '' && Number(LISTEN_PID) !== process.pid) return fds;
  const count = /^\d{1,4}$/.test(LISTEN_FDS ?? '') ? Number(LISTEN_FDS) : 0;
  const names = (LISTEN_FDNAMES ?? '').split(':');
  for (let at = 0; at < count; at += 1) {
    const name = names[at] || 'unknown';
    if (!fds.has(name)) fds.set(name, firstFd + at);
  }
  return fds;
}
