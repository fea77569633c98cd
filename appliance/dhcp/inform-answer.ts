/** What a phone that has its address from another server is told, and who is told nothing (RFC 2131 section 4.3.5). */
import type { DhcpMessage } from '../protocol/dhcp.ts';
import type { Profile, Profiles } from './profile.ts';
import type { Reply } from './reply.ts';
import { readRequest } from './request.ts';

export interface InformPolicy {
  readonly serverIdentifier: number;
  readonly profiles: Profiles;
}

export interface InformAnswer {
  readonly vendor: string;
  readonly profile: Profile;
  /** An ACK without address and times. */
  readonly reply: Reply;
}

/** Why there is no answer; the counter's name is `ignored_` and this. */
export type InformSilence = 'not_ours' | 'not_an_inform' | 'no_address' | 'not_a_phone';

/**
 * Nothing but an INFORM is ever answered: an OFFER of ours beside another server's leaves clients without an address.
 * No subnet, gateway or name server either: those are the other server's. Throws DecodeError.
 */
export function informAnswer(
  message: DhcpMessage,
  policy: InformPolicy,
  now: number,
): InformAnswer | InformSilence {
  const request = readRequest(message);
  if (request === undefined) return 'not_ours';
  if (request.kind !== 'inform') return 'not_an_inform';
  if (message.ciaddr === 0) return 'no_address';
  const profile = policy.profiles(request, now);
  if (profile.phone === undefined) return 'not_a_phone';
  const { serverIdentifier } = policy;
  const reply = { type: 'ack', request, yiaddr: 0, serverIdentifier, options: profile.ofPhone } as const;
  return { vendor: profile.phone.vendor, profile, reply };
}
