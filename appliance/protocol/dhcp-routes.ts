/** Classless static routes, option 121: RFC 3442. Only as many bytes of a destination are sent as its prefix fills. */
import { ByteReader, DecodeError } from './bytes.ts';

/** Addresses are unsigned 32-bit numbers; a router of 0 means that the destination is on the link. */
export interface Route {
  readonly network: number;
  readonly prefix: number;
  readonly router: number;
}

/** Host bits that a sender left in are dropped, as the RFC wants. */
export function decodeRoutes(bytes: Uint8Array, code: number): Route[] {
  const reader = new ByteReader(bytes);
  const routes: Route[] = [];
  while (reader.remaining > 0) {
    const prefix = reader.uint8();
    if (prefix > 32) throw new DecodeError(`option ${code} has a prefix of ${prefix}`, reader.offset - 1);
    const significant = reader.take(Math.ceil(prefix / 8));
    const address = significant.reduce((sum, byte, at) => sum + byte * 2 ** (24 - 8 * at), 0);
    routes.push({ network: masked(address, prefix), prefix, router: reader.uint32() });
  }
  if (routes.length === 0) throw new DecodeError(`option ${code} has 0 bytes`);
  return routes;
}

/** Throws a RangeError for a prefix that is not 0 to 32. */
export function encodeRoutes(routes: readonly Route[]): Uint8Array {
  return Buffer.concat(
    routes.map(({ network, prefix, router }) => {
      if (!(prefix >= 0 && prefix <= 32)) throw new RangeError(`a prefix of ${prefix}`);
      const significant = Math.ceil(prefix / 8);
      const bytes = Buffer.alloc(1 + 4 + 4);
      bytes[0] = prefix;
      bytes.writeUInt32BE(masked(network, prefix), 1);
      bytes.writeUInt32BE(router, 1 + significant);
      return bytes.subarray(0, 1 + significant + 4);
    }),
  );
}

function masked(address: number, prefix: number): number {
  const hostPart = 2 ** (32 - prefix);
  return address - (address % hostPart);
}
