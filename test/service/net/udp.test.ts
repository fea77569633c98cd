import { expect, it } from 'vitest';
import { openUdp } from '../../../appliance/net/udp.ts';

it('what can not be sent anywhere goes to the error handlers, and throws nothing', async () => {
  await using socket = await openUdp({ address: '127.0.0.1', port: 0 });
  const errors: Error[] = [];
  socket.onError((error) => errors.push(error));
  socket.post(new Uint8Array(12), { address: '127.0.0.1', port: 0 });
  expect(errors).toHaveLength(1);
  await expect(socket.send(new Uint8Array(12), { address: '127.0.0.1', port: 0 })).rejects.toThrow(/port/i);
});
