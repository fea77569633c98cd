/** How often one client is believed that its address is in use: a phone gone wrong must not use up the pool. */

export interface DeclineBudget {
  /** False when this client declined too often of late. */
  take(mac: string, now: number): boolean;
}

const mostDeclines = 3;
/** More clients than this are forgotten, the oldest first. */
const maxClients = 1000;

/** At most three declines a client in this time. */
export function declineBudget(windowMs: number): DeclineBudget {
  const clients = new Map<string, { count: number; readonly until: number }>();
  return {
    take: (mac, now) => {
      let entry = clients.get(mac);
      // A clock that was set back must not make it longer.
      if (entry === undefined || entry.until <= now || entry.until > now + windowMs) {
        entry = { count: 0, until: now + windowMs };
        clients.delete(mac);
        clients.set(mac, entry);
        if (clients.size > maxClients) clients.delete(clients.keys().next().value ?? mac);
      }
      entry.count += 1;
      return entry.count <= mostDeclines;
    },
  };
}
