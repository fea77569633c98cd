/** A SIP end without any stack: it sends the bytes that a test gives it and keeps what comes. */
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { onTestFinished } from 'vitest';
import { decodeSipMessage, type SipMessage } from '../../appliance/protocol/sip-message.ts';
import { headerValue } from '../../appliance/protocol/sip-headers.ts';
import { SipStream } from '../../appliance/protocol/sip-stream.ts';
import { until } from './sip-end.ts';

export interface RawSip {
  readonly port: number;
  /** Lines are joined by CRLF; a message ends with an empty line. */
  send(text: string | Uint8Array): void;
  /** The next message that `wants` accepts; others before it are skipped. */
  next(wants: (message: SipMessage) => boolean): Promise<SipMessage>;
  /** All that came and wasn't taken by {@link RawSip.next}. */
  readonly received: SipMessage[];
  readonly isClosed: boolean;
  /** Answers to pings, over a stream. */
  readonly emptyLines: number;
  close(): void;
}

export const status = (wanted: number) => (message: SipMessage) =>
  'status' in message && message.status === wanted;
export const method = (wanted: string) => (message: SipMessage) =>
  'method' in message && message.method === wanted;

/** From any port of 127.0.0.1 unless `from` names one. */
export async function rawUdp(
  to: { port: number },
  from = { address: '127.0.0.1', port: 0 },
): Promise<RawSip> {
  const socket = createSocket('udp4');
  const received: SipMessage[] = [];
  socket.on('message', (bytes) => received.push(decodeSipMessage(bytes)));
  await new Promise<void>((resolve) => {
    socket.bind(from.port, from.address, resolve);
  });
  onTestFinished(() => {
    socket.close();
  });
  return {
    port: socket.address().port,
    received,
    isClosed: false,
    emptyLines: 0,
    send: (text) => socket.send(text, to.port, '127.0.0.1'),
    next: async (wants) => await take(received, wants),
    close: () => undefined,
  };
}

/** With `ca`, TLS to a server that is named `localhost`. */
export async function rawStream(to: { port: number; ca?: string }): Promise<RawSip> {
  const where = { host: '127.0.0.1', port: to.port };
  const socket =
    to.ca === undefined ? connect(where) : connectTls({ ...where, ca: to.ca, servername: 'localhost' });
  const received: SipMessage[] = [];
  const stream = new SipStream();
  let isClosed = false;
  let emptyLines = 0;
  socket.on('data', (chunk) => {
    for (const frame of stream.push(chunk)) {
      if (frame.kind === 'message') received.push(decodeSipMessage(frame.bytes));
      else emptyLines += 1;
    }
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once(to.ca === undefined ? 'connect' : 'secureConnect', resolve);
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return {
    port: socket.localPort ?? 0,
    received,
    get isClosed() {
      return isClosed;
    },
    get emptyLines() {
      return emptyLines;
    },
    send: (text) => socket.write(text),
    next: async (wants) => await take(received, wants),
    close: () => socket.destroy(),
  };
}

export interface RawRequest {
  readonly method: string;
  readonly uri: string;
  readonly callId: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly toTag?: string;
  readonly extra?: readonly string[];
  readonly body?: string;
  readonly transport?: string;
  readonly port: number;
}

let branches = 0;

export function rawRequest(request: RawRequest): string {
  const { method, uri, callId, cseq = 1, toTag, extra = [], body = '', transport = 'UDP', port } = request;
  branches += 1;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${transport} 127.0.0.1:${port};branch=z9hG4bK${request.branch ?? `raw${branches}`};rport`,
    'Max-Forwards: 70',
    'From: <sip:raw@example.net>;tag=raw',
    `To: <sip:other@example.net>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:raw@127.0.0.1:${port};transport=${transport.toLowerCase()}>`,
    ...extra,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

/** An answer to a request that was received; `tag` is for To. */
export function rawResponse(request: SipMessage, line: string, extra: readonly string[] = []): string {
  const copied = ['Via', 'Record-Route', 'From', 'Call-ID', 'CSeq'].flatMap((name) =>
    request.headers.filter((header) => header.name === name).map(({ value }) => `${name}: ${value}`),
  );
  const to = headerValue(request, 'To') ?? '';
  const tagged = to.includes('tag=') || line.startsWith('100') ? to : `${to};tag=rawuas`;
  return [`SIP/2.0 ${line}`, ...copied, `To: ${tagged}`, ...extra, 'Content-Length: 0', '', ''].join('\r\n');
}

async function take(received: SipMessage[], wants: (message: SipMessage) => boolean): Promise<SipMessage> {
  await until(() => received.some(wants), 'a SIP message');
  const at = received.findIndex(wants);
  const [found] = received.splice(at, 1);
  if (found === undefined) throw new Error('cannot be');
  return found;
}
