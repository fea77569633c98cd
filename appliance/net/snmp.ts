/** Asking an SNMP agent: version 2c, or 3 with SHA-256 and AES. The only place that knows npm net-snmp. */
import { createSocket, type Socket } from 'node:dgram';
import {
  AuthProtocols,
  createSession,
  createV3Session,
  ObjectType,
  PrivProtocols,
  SecurityLevel,
  Version2c,
  type RawVarbind,
  type Session,
} from 'net-snmp';

export type SnmpValue = number | string | Uint8Array | undefined;

export interface Varbind {
  /** Dotted, without a leading dot. */
  readonly oid: string;
  /** `undefined`: the agent has no such object. */
  readonly value: SnmpValue;
}

export type SnmpCredentials =
  | { readonly version: '2c'; readonly community: string }
  | {
      readonly version: '3';
      readonly user: string;
      readonly authPassword: string;
      readonly privPassword: string;
    };

export interface SnmpTarget {
  readonly address: string;
  readonly port: number;
  readonly credentials: SnmpCredentials;
  /** Ends what is being asked, with its reason. */
  readonly signal?: AbortSignal;
}

export interface SnmpSession extends Disposable {
  get(oids: readonly string[]): Promise<Varbind[]>;
  /** Everything below the OID, in order. Rejects when it is more than `maxRows`: an agent must not fill our memory. */
  walk(oid: string, maxRows: number): Promise<Varbind[]>;
}

const timeoutMs = 2000;
const retries = 1;
const rowsPerRequest = 20;

/** Never rejects itself; requests reject with what went wrong, in words, within 4 s. One request at a time. */
export function openSnmp({ address, port, credentials, signal }: SnmpTarget): SnmpSession {
  let fail: ((error: Error) => void) | undefined;
  const options = {
    port,
    retries,
    timeout: timeoutMs,
    backwardsGetNexts: false,
    dgramModule: { createSocket: () => guardedSocket({ address, port }, (error) => fail?.(error)) },
  };
  const session = newSession(address, credentials, options);
  // A datagram that is no SNMP: the request goes on waiting for the one that is.
  session.on('error', () => undefined);

  const ask = async <T>(
    send: (session: Session, callback: (error: Error | null, result?: T) => void) => void,
  ) => {
    signal?.throwIfAborted();
    let onAbort: (() => void) | undefined;
    const answer = new Promise<T>((resolve, reject) => {
      fail = reject;
      onAbort = () => reject(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort);
      send(session, (error, result) => {
        if (error !== null || result === undefined) reject(inWords(error));
        else resolve(result);
      });
    });
    return answer.finally(() => onAbort && signal?.removeEventListener('abort', onAbort));
  };

  return {
    get: async (oids) => {
      const rows = await ask<RawVarbind[]>((session, callback) => session.get([...oids], callback));
      return rows.map(varbind);
    },
    walk: async (root, maxRows) => {
      const found: Varbind[] = [];
      for (let from = root; ;) {
        const answer = await ask<RawVarbind[][]>((session, callback) =>
          session.getBulk([from], 0, rowsPerRequest, callback),
        );
        const rows = answer.flat();
        const end = rows.findIndex(
          (row) => row.type === ObjectType.EndOfMibView || !row.oid.startsWith(`${root}.`),
        );
        found.push(...(end === -1 ? rows : rows.slice(0, end)).map(varbind));
        if (found.length > maxRows) throw new Error(`the table ${root} has more than ${maxRows} rows`);
        const last = rows.at(-1);
        if (end !== -1 || last === undefined || last.oid === from) return found;
        from = last.oid;
      }
    },
    [Symbol.dispose]: () => {
      session.close();
    },
  };
}

function newSession(
  address: string,
  credentials: SnmpCredentials,
  options: Omit<Parameters<typeof createSession>[2], 'version'>,
): Session {
  if (credentials.version === '2c')
    return createSession(address, credentials.community, { ...options, version: Version2c });
  const user = {
    name: credentials.user,
    level: SecurityLevel.authPriv,
    authProtocol: AuthProtocols.sha256,
    authKey: credentials.authPassword,
    privProtocol: PrivProtocols.aes,
    privKey: credentials.privPassword,
  };
  return createV3Session(address, user, options);
}

/**
 * The package takes datagrams from anybody and throws inside the socket's event on some malformed ones, which would end
 * the process: only the agent is listened to, and what is thrown ends the request instead.
 */
function guardedSocket(agent: { address: string; port: number }, onError: (error: Error) => void): Socket {
  const socket = createSocket('udp4');
  const on = socket.on.bind(socket);
  socket.on = (event: string, handler: (...parameters: never[]) => void) => {
    if (event !== 'message') return on(event, handler as never);
    return on('message', (bytes, from) => {
      if (from.address !== agent.address || from.port !== agent.port) return;
      try {
        (handler as (bytes: Buffer, from: unknown) => void)(bytes, from);
      } catch (error) {
        onError(new Error('its answer is malformed', { cause: error }));
      }
    });
  };
  return socket;
}

function varbind({ oid, type, value }: RawVarbind): Varbind {
  if (
    type === ObjectType.NoSuchObject ||
    type === ObjectType.NoSuchInstance ||
    type === ObjectType.EndOfMibView
  ) {
    return { oid, value: undefined };
  }
  if (typeof value === 'number' || typeof value === 'string') return { oid, value };
  // Copied: the package's buffers are views on whole datagrams.
  return { oid, value: value instanceof Uint8Array ? Uint8Array.from(value) : undefined };
}

function inWords(error: Error | null): Error {
  const said = error?.message ?? '';
  if (/timed out/i.test(said))
    return new Error('does not answer (wrong address, community or access list, or it is off)');
  if (/unknown user name/i.test(said)) return new Error('does not know the SNMPv3 user');
  if (/digest|decrypt/i.test(said)) return new Error('refuses the SNMPv3 passwords');
  return new Error(`answers with an error: ${said.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 200)}`, {
    cause: error,
  });
}
