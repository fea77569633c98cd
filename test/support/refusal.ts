/** Decoders may read or refuse what comes from outside; anything else is a mistake of ours. */
import { DecodeError } from '../../appliance/protocol/bytes.ts';

/** Throws what `read` throws, unless that is a refusal. */
export function isReadOrRefused(read: () => void): boolean {
  try {
    read();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  return true;
}

/** For a test whose subject is not there at all. */
export function missing(what: string): never {
  throw new Error(`${what} is missing`);
}
