/** What one leg says, as the other one gets it. */
import type { LegName } from '../protocol/media-control.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { Body } from './body.ts';
import type { LiveCall } from './call-table.ts';
import { withoutIntegrity } from './challenges.ts';
import { passedHeaders } from './headers.ts';
import type { Answer, Received } from './srf.ts';

/** A body with our ports in its description. Throws as `CallMedia.relay` does. */
export async function rewritten(
  { media }: Pick<LiveCall, 'media'>,
  from: LegName,
  body: Body,
): Promise<{ type: string; text: string }> {
  return body.withSdp(body.sdp === undefined ? '' : await media.relay(from, body.sdp));
}

/** A response as the other leg gets it. */
export function answer(response: Received, body: { type: string; text: string }, toward: LegName): Answer {
  const passed = withoutIntegrity(passedHeaders(response.headers, toward), headerValue(response, 'CSeq'));
  const headers = passed.filter(({ name }) => name !== 'Content-Type');
  const { status, reason } = response;
  if (body.text === '') return { status, reason, headers };
  return {
    status,
    reason,
    headers: [...headers, { name: 'Content-Type', value: body.type }],
    body: body.text,
  };
}
