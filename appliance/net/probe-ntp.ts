/** A time server asked once. */
import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { decodeNtpAnswer, encodeNtpRequest } from '../protocol/ntp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { openUdp } from './udp.ts';

const ntpPort = 123;

/** Of a server that has lost the time itself (RFC 4330 section 5): phones don't believe it. */
const unsynchronised = 16;

/** How far this machine's clock is ahead, in ms; `undefined` when nobody who knows the time answers in time. */
export async function probeNtp(
  server: string,
  { timeoutMs, now, port = ntpPort }: { timeoutMs: number; now: () => number; port?: number },
): Promise<number | undefined> {
  // By its address: answers come from that.
  const found = await lookup(server, { family: 4 }).catch(() => undefined);
  if (found === undefined) return undefined;
  const { address } = found;
  await using socket = await openUdp({ address: '0.0.0.0', port: 0 });
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  const timer = setTimeout(() => resolve(undefined), timeoutMs);
  const nonce = randomBytes(8);
  const sentAt = now();
  socket.onError(() => resolve(undefined));
  socket.onDatagram((bytes, from) => {
    if (from.address !== address) return;
    const receivedAt = now();
    try {
      const { stratum, transmittedAt } = decodeNtpAnswer(bytes, nonce, receivedAt);
      if (stratum < unsynchronised) resolve((sentAt + receivedAt) / 2 - transmittedAt);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  });
  try {
    await socket.send(encodeNtpRequest(nonce), { address, port }).catch(() => resolve(undefined));
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
