/** A phone that signals in clear and takes nothing but SRTP calls for help: the box ends its encryption, and both hear each other. */
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { newSrtpReceiver, newSrtpSender } from '../../../appliance/rtp/srtp.ts';
import { openUdp } from '../../../appliance/net/udp.ts';
import { until } from '../../support/command.ts';
import { inviteText, rtp } from '../../support/sip-calls.ts';
import { startGateway } from '../../support/sip-gateway.ts';
import { bodyOf, mediaPort, openSipSite, responseText, sdpText } from '../../support/sip-site.ts';
import { missing } from '../../support/refusal.ts';

const local = '127.0.0.1';
const suite = 'AES_CM_128_HMAC_SHA1_80';
const wait = { timeoutMs: 5000, everyMs: 10 };

async function hearing() {
  const port = await openUdp({ address: local, port: 0 });
  const heard: Uint8Array[] = [];
  port.onDatagram((bytes) => heard.push(bytes));
  return { port, heard, number: port.address().port };
}

it('through a gateway that has no encryption', async () => {
  const gateway = await startGateway();
  const site = await openSipSite({ settings: `[gateway]\nhost = "127.0.0.9"\nport = ${gateway.port}\n` });
  const phone = await site.phone('tcp', '127.0.0.2');
  const [mine, theirs] = [await hearing(), await hearing()];
  await using _mine = mine.port;
  await using _theirs = theirs.port;
  const master = randomBytes(30);
  const offer = sdpText(mine.number, [`a=crypto:4 ${suite} inline:${master.toString('base64')}`]);
  const from = '<sip:nobody@nowhere.example>;tag=s';
  phone.send(
    inviteText(
      { callId: 'help', from, to: '<sip:112@127.0.0.1>' },
      { uri: 'sip:112@127.0.0.1', body: offer.replace('RTP/AVP', 'RTP/SAVP') },
    ),
  );
  const invite = await gateway.request('INVITE');
  expect(bodyOf(invite)).toContain('RTP/AVP');
  expect(bodyOf(invite)).not.toContain('inline');
  const lines = [`Contact: <sip:trunk@127.0.0.9:${gateway.port}>`];
  gateway.send(responseText(invite, '200 OK', { lines, body: sdpText(theirs.number) }));
  const answer = await phone.response(200);
  const [, inline = ''] = /a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:(\S+)/.exec(bodyOf(answer)) ?? [];
  const receiver = newSrtpReceiver({ suite, master: Buffer.from(inline, 'base64') });
  const sender = newSrtpSender({ suite, master });
  await mine.port.send(sender.rtp(rtp(7)) ?? missing('SRTP'), { address: local, port: mediaPort(answer) });
  await theirs.port.send(rtp(9), { address: local, port: mediaPort(invite) });
  await until('both to hear', () => (mine.heard[0] && theirs.heard[0]) ?? undefined, wait);
  expect(Buffer.from(theirs.heard[0] ?? missing('RTP'))).toEqual(Buffer.from(rtp(7)));
  const clear = receiver.rtp(mine.heard[0] ?? missing('SRTP')) ?? missing('what can be read');
  expect(Buffer.from(clear)).toEqual(Buffer.from(rtp(9)));
});
