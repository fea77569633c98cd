/** The cloud of the SIP bench: a registrar over TLS that takes every registration and answers every call at once. */
import { once } from 'node:events';
import { createServer } from 'node:tls';
import { headerValue } from '../../appliance/protocol/sip-headers.ts';
import { decodeSipMessage, isRequest, type SipRequest } from '../../appliance/protocol/sip-message.ts';
import { SipStream } from '../../appliance/protocol/sip-stream.ts';

/** Users whose registration is granted for so short a time that each one of theirs must go up. */
export const shortUser = /<sip:short/;

const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9002 RTP/AVP 0\r\n';

export async function startCloud(identity: {
  key: string;
  cert: string;
}): Promise<{ port: number; registered: () => number; close: () => void }> {
  let registered = 0;
  const server = createServer({ ...identity, noDelay: true }, (socket) => {
    const stream = new SipStream();
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const frame of stream.push(chunk)) {
        if (frame.kind === 'empty-line') continue;
        const message = decodeSipMessage(frame.bytes);
        if (!isRequest(message) || message.method === 'ACK') continue;
        if (message.method === 'REGISTER') registered += 1;
        socket.write(answerTo(message));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { port: address.port, registered: () => registered, close: () => server.close() };
}

function answerTo(request: SipRequest): string {
  const copied = request.headers
    .filter(({ name }) => ['Via', 'From', 'Call-ID', 'CSeq', 'Record-Route'].includes(name))
    .map(({ name, value }) => `${name}: ${value}`);
  const to = headerValue(request, 'To') ?? '';
  const tagged = to.includes(';tag=') ? to : `${to};tag=cloud`;
  return ['SIP/2.0 200 OK', ...copied, `To: ${tagged}`, ...bodyFor(request)].join('\r\n');
}

function bodyFor({ method, headers }: SipRequest): string[] {
  if (method === 'INVITE') {
    const type = ['Contact: <sip:callee@127.0.0.1>', 'Content-Type: application/sdp'];
    return [...type, `Content-Length: ${sdp.length}`, '', sdp];
  }
  const contact = headerValue({ headers }, 'Contact');
  const granted = shortUser.test(headerValue({ headers }, 'To') ?? '') ? 100 : 3600;
  const registered =
    method === 'REGISTER' && contact !== undefined ? [`Contact: ${contact};expires=${granted}`] : [];
  return [...registered, 'Content-Length: 0', '', ''];
}
