/** Stream sockets: the listeners and connections that parts use, so that `node:net` is imported here only. */

/** Addresses of a host name, best first. Rejects when there are none. */
export type Lookup = (hostname: string) => Promise<readonly string[]>;
