/**
 * Somebody on port 5060 of a network: `node pnp-peer.ts phone ADDRESS BOX` asks the group 224.0.1.75 as a phone without a
 * provisioning address does, answers what notifies it, and then asks the box itself; `node pnp-peer.ts rival ADDRESS BOX`
 * answers what the box asks the group. Prints what it hears, one JSON line a message.
 */
import { createSocket } from 'node:dgram';

export interface Heard {
  readonly from: string;
  readonly firstLine: string;
  readonly body: string;
}

const group = '224.0.1.75';
const port = 5060;

if (import.meta.main) {
  const [role, address = '', box = ''] = process.argv.slice(2);
  if (role === 'phone') phone(address, box);
  else rival(address, box);
}

function phone(address: string, box: string): void {
  const socket = createSocket('udp4');
  socket.bind(port, address, () => {
    socket.setMulticastInterface(address);
    const uri = `sip:MAC%3a001565aabb01@${group}`;
    const event = 'ua-profile;profile-type="device";vendor="Yealink";model="T46S"';
    socket.send(request('SUBSCRIBE', { uri, address, event }), port, group);
  });
  socket.on('message', (bytes, from) => {
    const text = bytes.toString();
    print(`${from.address}:${from.port}`, text);
    if (!text.startsWith('NOTIFY ')) return;
    const headers = text.match(/^(?:Via|From|To|Call-ID|CSeq):.*$/gim) ?? [];
    socket.send(
      `SIP/2.0 200 OK\r\n${headers.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`,
      from.port,
      from.address,
    );
    socket.send(request('OPTIONS', { uri: `sip:${box}`, address }), port, box);
  });
}

function rival(address: string, box: string): void {
  const group5060 = createSocket('udp4');
  group5060.bind(port, group, () => group5060.addMembership(group, address));
  const answering = createSocket('udp4');
  answering.bind(0, address);
  group5060.on('message', (bytes, from) => {
    print(`${from.address}:${from.port}`, bytes.toString());
    if (from.address !== box) return;
    const callId = /^Call-ID: (.*)$/im.exec(bytes.toString())?.[1] ?? '';
    const body = 'http://rival/';
    const lines = [
      `NOTIFY sip:x@${box} SIP/2.0`,
      `Via: SIP/2.0/UDP ${address};branch=z9hG4bKrival`,
      'From: <sip:rival>;tag=1',
      'To: <sip:box>;tag=2',
      `Call-ID: ${callId}`,
      'CSeq: 1 NOTIFY',
      'Event: ua-profile',
      'Content-Type: application/url',
      `Content-Length: ${body.length}`,
    ];
    answering.send(`${lines.join('\r\n')}\r\n\r\n${body}`, from.port, from.address);
  });
}

interface Asked {
  readonly uri: string;
  readonly address: string;
  readonly event?: string;
}

function request(method: string, { uri, address, event }: Asked): string {
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${method}`,
    `From: <${uri}>;tag=1`,
    `To: <${uri}>`,
    `Call-ID: ${method}@${address}`,
    `CSeq: 1 ${method}`,
    `Contact: <sip:${address}:${port}>`,
    'Max-Forwards: 70',
    ...(event === undefined ? [] : [`Event: ${event}`]),
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

function print(from: string, text: string): void {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const heard: Heard = { from, firstLine: head.split('\r\n')[0] ?? '', body };
  console.log(JSON.stringify(heard));
}
