/** A phone that registers, and a registrar that accepts it. */
import type { SipRequest } from '../../appliance/protocol/sip-message.ts';
import { header, requestText, responseText, type Peer, type SipSite } from './sip-site.ts';

export const credentials =
  'Digest username="1001", realm="localhost", nonce="n1", uri="sip:127.0.0.1", response="0123456789abcdef0123456789abcdef", cnonce="c", nc=00000001, qop=auth, algorithm=MD5';
export const userAgent = 'Yealink SIP-T46S 66.86.0.15 001565aabbcc';

export interface Registering {
  readonly cseq: number;
  readonly uri?: string;
  readonly more?: readonly string[];
  readonly contact?: string;
  readonly expires?: number;
  readonly aor?: string;
}

export function registerText({
  cseq,
  uri = 'sip:127.0.0.1',
  more = [],
  expires = 3600,
  aor = '1001',
  ...rest
}: Registering): string {
  const contact =
    rest.contact ?? `<sip:${aor}@127.0.0.1:5999;line=x>;+sip.instance="<urn:uuid:1>";expires=${expires}`;
  return requestText({
    method: 'REGISTER',
    uri,
    lines: [
      `From: "Front desk" <sip:${aor}@office.example>;tag=phone-${aor}`,
      `To: <sip:${aor}@office.example>`,
      `Call-ID: reg-${aor}`,
      `CSeq: ${cseq} REGISTER`,
      ...(contact === '' ? [] : [`Contact: ${contact}`]),
      `User-Agent: ${userAgent}`,
      ...more,
    ],
  });
}

export const tokenOf = (request: SipRequest) => /sip:([0-9a-f]+)@/.exec(header(request, 'Contact'))?.[1];

/** The registrar's 200, with the Contact as it was sent and this time for it. */
export function accept(
  flow: Peer,
  request: SipRequest,
  { seconds, lines = [] }: { seconds: number; lines?: readonly string[] },
): void {
  const contact = header(request, 'Contact').replace(/;expires=\d+/, '');
  flow.send(responseText(request, '200 OK', { lines: [`Contact: ${contact};expires=${seconds}`, ...lines] }));
}

export async function register(
  site: SipSite,
  phone: Peer,
  { at = 0, seconds = 3600, aor = '1001' } = {},
): Promise<void> {
  phone.send(registerText({ cseq: 1, more: [`Authorization: ${credentials}`], aor }));
  const flow = await site.flow(at);
  accept(flow, await flow.request('REGISTER'), { seconds });
  await phone.response(200);
}
