/** Several DISCOVERs over one real socket, answered by a server of few lines. */
import { expect, it } from 'vitest';
import { askDhcp } from '../../../appliance/net/ask-dhcp.ts';
import { openUdp } from '../../../appliance/net/udp.ts';
import { decodeMessage, encodeMessage } from '../../../appliance/protocol/dhcp.ts';
import { encodeOptions } from '../../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';

const asked = (xid: number) => ({ mac: '80:5e:c0:00:00:01', xid, options: new Map<number, Uint8Array>() });

function offer(discover: Uint8Array, server: string, change: { xid?: number } = {}): Uint8Array {
  const options = encodeOptions({
    messageType: 2,
    serverIdentifier: parseIpv4(server),
    tftpServerName: server,
  });
  return encodeMessage({ ...decodeMessage(discover), op: 'reply', ...change, options }).bytes;
}

it('each server is heard for each question; a lost one is asked again; silence and garbage are no answer', async () => {
  await using socket = await openUdp({ address: '127.0.0.1', port: 0 });
  await using server = await openUdp({ address: '127.0.0.1', port: 0 });
  const heard: number[] = [];
  server.onDatagram((bytes, from) => {
    const { xid } = decodeMessage(bytes);
    heard.push(xid);
    server.post(Buffer.from('garbage'), from);
    server.post(offer(bytes, '10.0.0.7', { xid: 99 }), from);
    const isLost = xid === 2 && heard.filter((one) => one === 2).length === 1;
    if (xid === 3 || isLost) return;
    for (const name of ['10.0.0.9', '10.0.0.8', '10.0.0.9']) server.post(offer(bytes, name), from);
  });
  const questions = [asked(1), asked(2), asked(3)];
  const answers = await askDhcp(socket, questions, { to: server.address(), quietMs: 300, limitMs: 5000 });
  expect(answers.map((answer) => [...answer.keys()])).toEqual([
    ['10.0.0.9', '10.0.0.8'],
    ['10.0.0.9', '10.0.0.8'],
    [],
  ]);
  expect(Buffer.from(answers[0]?.get('10.0.0.8')?.get(66) ?? []).toString()).toBe('10.0.0.8');
  expect(heard).toEqual([1, 2, 3, 2, 3]);
});
