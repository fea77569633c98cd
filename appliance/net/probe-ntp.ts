/** A time server asked once. */
import { randomBytes } from 'node:crypto';
import { decodeNtpAnswer, encodeNtpRequest } from '../protocol/ntp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { openUdp } from './udp.ts';

const ntpPort = 123;

/** How far this machine's clock is ahead, in ms; `undefined` when nobody answers in time. */
export async function probeNtp(
  address: string,
  { timeoutMs, now, port = ntpPort }: { timeoutMs: number; now: () => number; port?: number },
): Promise<number | undefined> {
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
      resolve((sentAt + receivedAt) / 2 - decodeNtpAnswer(bytes, nonce, receivedAt).transmittedAt);
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
