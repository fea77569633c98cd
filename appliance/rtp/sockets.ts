/** The four sockets of a session: RTP and RTCP at our address on either side. */
import type { LegName, PortPair } from '../protocol/media-control.ts';
import { openUdp, type UdpPort } from '../net/udp.ts';
import type { PortPool } from './ports.ts';
import type { Component, Endpoint } from './session.ts';

export interface MediaSockets extends AsyncDisposable {
  ports(): Readonly<Record<LegName, PortPair>>;
  port(leg: LegName, component: Component): UdpPort;
  /** Where a leg's far end sends its RTP to. */
  own(leg: LegName): Endpoint;
  /** Another pair for this leg, at another address of ours; what is given closes the one before. Throws as {@link openMediaSockets}. */
  move(leg: LegName, address: string): Promise<AsyncDisposable>;
}

interface Needs {
  readonly pool: PortPool;
  readonly now: () => number;
}

/** Another program may hold a port of our range: so many pairs are tried. */
const maxTries = 20;

/** Throws when no pair is to be had, or an address isn't ours. Gives everything back in that case. */
export async function openMediaSockets(
  needs: Needs,
  addresses: Readonly<Record<LegName, string>>,
): Promise<MediaSockets> {
  return await openBothLegs(needs, (leg) => openPair(needs, addresses[leg]));
}

/** The same ports as before, of a process that is gone. Throws when one is taken, or its address isn't ours any more. */
export async function reopenMediaSockets(
  needs: Needs,
  ours: Readonly<Record<LegName, Endpoint>>,
): Promise<MediaSockets> {
  return await openBothLegs(needs, async (leg) => {
    const { address, port } = ours[leg];
    if (!needs.pool.reserve(port)) throw new Error(`media port ${port} is not to be had`);
    try {
      return await openBoth(address, port);
    } catch (error) {
      needs.pool.release(port, needs.now());
      throw error;
    }
  });
}

async function openBothLegs(needs: Needs, open: (leg: LegName) => Promise<Pair>): Promise<MediaSockets> {
  const phone = await open('phone');
  let cloud: Pair;
  try {
    cloud = await open('cloud');
  } catch (error) {
    await closePair(needs, phone);
    throw error;
  }
  const pairs = { phone, cloud };
  return {
    ports: () => ({ phone: portsOf(pairs.phone), cloud: portsOf(pairs.cloud) }),
    port: (leg, component) => pairs[leg][component],
    own: (leg) => pairs[leg].rtp.address(),
    move: async (leg, address) => {
      const before = pairs[leg];
      pairs[leg] = await openPair(needs, address);
      return { [Symbol.asyncDispose]: () => closePair(needs, before) };
    },
    [Symbol.asyncDispose]: async () => {
      await closePair(needs, pairs.phone);
      await closePair(needs, pairs.cloud);
    },
  };
}

type Pair = Readonly<Record<Component, UdpPort>>;

async function openPair({ pool, now }: Needs, address: string): Promise<Pair> {
  let cause: unknown;
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = pool.take(now(), Math.random());
    if (port === undefined) throw new Error(`all ${pool.size} pairs of media ports are in use`);
    try {
      return await openBoth(address, port);
    } catch (error) {
      cause = error;
      pool.release(port, now());
      if (!isPortTaken(error)) break;
    }
  }
  throw new Error(`cannot open media ports at ${address}`, { cause });
}

async function openBoth(address: string, port: number): Promise<Pair> {
  const rtp = await openUdp({ address, port });
  try {
    return { rtp, rtcp: await openUdp({ address, port: port + 1 }) };
  } catch (error) {
    await rtp[Symbol.asyncDispose]();
    throw error;
  }
}

async function closePair({ pool, now }: Needs, pair: Pair): Promise<void> {
  const { port } = pair.rtp.address();
  await Promise.all([pair.rtp[Symbol.asyncDispose](), pair.rtcp[Symbol.asyncDispose]()]);
  pool.release(port, now());
}

function isPortTaken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
}

function portsOf(pair: Pair): PortPair {
  return { rtp: pair.rtp.address().port, rtcp: pair.rtcp.address().port };
}
