/** Asks a time server once, as a phone does: `node ask-time-process.ts ADDRESS` prints stratum and offset as JSON. */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { decodeNtpAnswer, encodeNtpRequest } from '../../appliance/protocol/ntp.ts';

const nonce = randomBytes(8);
const socket = createSocket('udp4');
socket.on('message', (bytes) => {
  console.log(JSON.stringify(decodeNtpAnswer(bytes, nonce, Date.now())));
  process.exit(0);
});
const ask = () => socket.send(encodeNtpRequest(nonce), 123, process.argv[2]);
ask();
setInterval(ask, 1000);
setTimeout(() => process.exit(1), 15_000);
