/**
 * Asks a SIP server what it can, as a phone does over TLS: `node ask-options-process.ts ADDRESS [PORT]` prints the status of its answer to
 * OPTIONS (RFC 3261, 11). Ends with code 1 when there is none within a minute.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:tls';

const [host = '', port = '5061'] = process.argv.slice(2);
const id = randomBytes(8).toString('hex');
// Whether the certificate is the right one is for other tests to say.
const socket = connect({ host, port: Number(port), rejectUnauthorized: false }, () => {
  const via = `${socket.localAddress}:${socket.localPort}`;
  const lines = [
    `OPTIONS sip:${host} SIP/2.0`,
    `Via: SIP/2.0/TLS ${via};branch=z9hG4bK${id}`,
    'Max-Forwards: 70',
    `From: <sip:probe@${host}>;tag=${id}`,
    `To: <sip:${host}>`,
    `Call-ID: ${id}`,
    'CSeq: 1 OPTIONS',
    'Content-Length: 0',
    '',
    '',
  ];
  socket.write(lines.join('\r\n'));
});
let heard = '';
socket.setEncoding('utf8').on('data', (text: string) => {
  heard += text;
  const status = /^SIP\/2\.0 (\d{3}) /m.exec(heard)?.[1];
  if (status === undefined) return;
  console.log(status);
  process.exit(0);
});
socket.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
setTimeout(() => process.exit(1), 60_000);
