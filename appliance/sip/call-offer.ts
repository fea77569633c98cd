/** The caller's description on its way to whoever takes the call, or why it can't go there. */
import { DecodeError } from '../protocol/bytes.ts';
import type { Application } from './application.ts';
import { readBody } from './body.ts';
import { SdpRefusedError } from './call-crypto.ts';
import type { Attempt } from './outgoing-invite.ts';
import type { Answer, Received } from './srf.ts';

export interface Placing {
  readonly attempt: Attempt;
  readonly isCancelled: () => boolean;
  readonly onProvisional: (response: Received) => void;
}

/** Nobody was asked: what the caller hears, and what is written down. */
export interface Nobody {
  readonly answer: Answer;
  readonly reason: string;
}

/** With our ports in it. */
export async function offerOf(
  app: Application,
  { request, call, caller }: Attempt,
): Promise<{ type: string; text: string } | Nobody> {
  try {
    const body = readBody(request);
    return body.withSdp(body.sdp === undefined ? '' : await call.media.relay(caller, body.sdp));
  } catch (error) {
    return { answer: sdpFailure(app, error), reason: 'no media' };
  }
}

/** It can't be read, or must not go to the other leg. */
export function isOfDescription(error: unknown): error is DecodeError | SdpRefusedError {
  return error instanceof DecodeError || error instanceof SdpRefusedError;
}

/** 488 when the description is to blame, 503 when the relay is. */
export function sdpFailure(app: Application, error: unknown): Answer {
  if (isOfDescription(error)) {
    app.counters.sdp_refused += 1;
    return {
      status: 488,
      headers: [{ name: 'Warning', value: `399 gatehouse "${error.message.replaceAll(/["\\]/g, ' ')}"` }],
    };
  }
  app.world.log.warn({ err: error }, 'no media for a call');
  return { status: 503, reason: 'No media relay' };
}
