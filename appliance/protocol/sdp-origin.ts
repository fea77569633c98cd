/** The origin line of a session description (RFC 8866 section 5.2). All of it but the version stays for as long as the session. */
import type { Sdp } from './sdp.ts';

export interface Origin {
  /** Goes up by one whenever the description changes (RFC 3264 section 8). */
  readonly version: bigint;
  readonly address: string;
}

const originLine = /^(o=\S+ \S+) (\d{1,20}) IN IP4 (\S+)$/;

/** Undefined for one without a number or an IPv4 address. */
export function originOf({ session }: Sdp): Origin | undefined {
  const line = session.find((one) => one.startsWith('o=')) ?? '';
  const [, , version, address] = originLine.exec(line) ?? [];
  return version === undefined || address === undefined ? undefined : { version: BigInt(version), address };
}

export function withOrigin({ session, media }: Sdp, { version, address }: Origin): Sdp {
  return {
    session: session.map((line) => line.replace(originLine, `$1 ${version} IN IP4 ${address}`)),
    media,
  };
}
