/** A trunk over TLS: the gateway must prove its name. */
import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../../support/command.ts';
import { hurriedClock } from '../../support/clock.ts';
import { contact, fromCloud, inviteText, within } from '../../support/sip-calls.ts';
import { newTestAuthority } from '../../support/sip-certificates.ts';
import { streamPeer, type Peer } from '../../support/sip-peer.ts';
import { register } from '../../support/sip-registering.ts';
import { bodyOf, header, openSipSite, responseText, sdpText } from '../../support/sip-site.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };
const key = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PUxxQ0kyMDIzMDEyMzQ1Njc4OTAxMjM0NTY3ODkw';
const withKey = sdpText(4000, [key]).replace('RTP/AVP', 'RTP/SAVP');

/** `names`: what its certificate is for. */
async function tlsGateway(names: readonly string[]) {
  const authority = newTestAuthority();
  const peers: Peer[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(authority.issue(names), (socket) => {
    sockets.add(socket);
    peers.push(streamPeer(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.9');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    peers,
    ca: authority.ca,
    settings: `[gateway]\nhost = "127.0.0.9"\nport = ${port}\ntransport = "tls"\nmedia = "srtp"\n`,
  };
}

it('a gateway that proves its address takes the call with its keys', async () => {
  const gateway = await tlsGateway(['IP:127.0.0.9']);
  const site = await openSipSite({ settings: gateway.settings, alsoTrusted: gateway.ca });
  const stranger = await site.phone('tls', '127.0.0.2');
  const peer = await until('the trunk', () => gateway.peers[0], wait);
  peer.send(responseText(await peer.request('OPTIONS'), '200 OK'));
  const from = '<sip:nobody@nowhere.example>;tag=s';
  stranger.send(
    inviteText(
      { callId: 'help', from, to: '<sip:112@127.0.0.1>' },
      { uri: 'sip:112@127.0.0.1', body: withKey },
    ),
  );
  const invite = await peer.request('INVITE');
  expect(bodyOf(invite)).toContain(key);
  peer.send(responseText(invite, '200 OK', { lines: [contact], body: withKey }));
  expect(bodyOf(await stranger.response(200))).toContain(key);
});

it('a gateway with a certificate for another name hears nothing, and the attendant rings', async () => {
  const gateway = await tlsGateway(['DNS:other.example']);
  const site = await openSipSite({ settings: gateway.settings, alsoTrusted: gateway.ca });
  const [phone, other] = [await site.phone('tls', '127.0.0.2'), await site.phone('tls')];
  await register(site, other, { aor: '102' });
  const from = '<sip:nobody@nowhere.example>;tag=s';
  phone.send(inviteText({ callId: 'help', from, to: '<sip:112@127.0.0.1>' }, { uri: 'sip:112@127.0.0.1' }));
  expect(bodyOf(await other.request('INVITE'))).toContain('m=audio');
  expect(gateway.peers.flatMap(({ waiting }) => waiting)).toEqual([]);
});

it('when the connection to it is another one, the gateway is told where its calls are now, and can hang up', async () => {
  const clock = hurriedClock();
  const gateway = await tlsGateway(['IP:127.0.0.9']);
  const site = await openSipSite({ settings: gateway.settings, alsoTrusted: gateway.ca, clock });
  const stranger = await site.phone('tls', '127.0.0.2');
  const first = await until('the trunk', () => gateway.peers[0], wait);
  first.send(responseText(await first.request('OPTIONS'), '200 OK'));
  const dialog = { callId: 'help', from: '<sip:nobody@nowhere.example>;tag=s', to: '<sip:112@127.0.0.1>' };
  stranger.send(inviteText(dialog, { uri: 'sip:112@127.0.0.1', body: withKey }));
  const invite = await first.request('INVITE');
  const lines = [contact, 'Allow: INVITE, ACK, BYE, UPDATE'];
  // Silence of one who only listens ends no call.
  first.send(responseText(invite, '200 OK', { lines, body: `${withKey}a=recvonly\r\n` }));
  const answer = await stranger.response(200);
  stranger.send(within(dialog, answer, 'ACK').text());
  await first.request('ACK');
  first.close();
  const look = async () => {
    await clock.advance(1000);
    return gateway.peers[1];
  };
  const second = await until('another connection', look, { ...wait, everyMs: 100 });
  second.send(responseText(await second.request('OPTIONS'), '200 OK'));
  const update = await second.request('UPDATE');
  expect(header(update, 'Call-ID')).toBe(header(invite, 'Call-ID'));
  expect(header(update, 'Contact')).not.toBe(header(invite, 'Contact'));
  second.send(responseText(update, '200 OK', { lines: [contact] }));
  second.send(fromCloud(invite, 'BYE'));
  stranger.send(responseText(await stranger.request('BYE'), '200 OK'));
  await second.response(200);
});
