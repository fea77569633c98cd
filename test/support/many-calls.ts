/** Calls that are up while something else is tried: phones over TLS, a cloud that answers, and speech both ways. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { until } from './command.ts';
import { contact, inviteText, rtp, within } from './sip-calls.ts';
import { register } from './sip-registering.ts';
import { mediaPort, responseText, sdpText, type Peer, type SipSite } from './sip-site.ts';

const phones = 25;
const callsOfEach = 8;
/** Far from what G.711 sends: the calls must be up, and leave the machine to what is tried beside them. */
const packetEveryMs = 200;

export interface ManyCalls {
  readonly count: number;
  /** Resolves when something was heard, from now on, of each call by both ends. */
  goOn(): Promise<void>;
}

/** Registers phones from that many connections on to the registrar. */
export async function manyCalls(site: SipSite, connections: number): Promise<ManyCalls> {
  const [near, far] = [await newSpeaker(), await newSpeaker()];
  const peers = await Promise.all(
    Array.from({ length: phones }, (_none, at) => site.phone('tls', `127.0.1.${at + 1}`)),
  );
  for (const [at, peer] of peers.entries())
    await register(site, peer, { at: connections + at, aor: `20${at}` });
  const callAll = async (peer: Peer, at: number) => {
    const flow = await site.flow(connections + at);
    for (let call = 0; call < callsOfEach; call += 1) {
      const dialog = {
        callId: `call-${at}-${call}`,
        from: `<sip:20${at}@office.example>;tag=me`,
        to: '<sip:+49301234@127.0.0.1>',
      };
      peer.send(inviteText(dialog, { body: sdpText(near.port) }));
      const invite = await flow.request('INVITE');
      flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(far.port) }));
      const answer = await peer.response(200);
      peer.send(within(dialog, answer, 'ACK').text());
      await flow.request('ACK');
      near.targets.push(mediaPort(answer));
      far.targets.push(mediaPort(invite));
    }
  };
  await Promise.all(peers.map(callAll));
  const count = phones * callsOfEach;
  const sizes = () => [near.heard.size, far.heard.size];
  const goOn = async () => {
    for (const speaker of [near, far]) speaker.heard.clear();
    await until('all calls to be heard', () => sizes().every((size) => size === count) || undefined, {
      timeoutMs: 15_000,
      lastSeen: () => `${sizes().join(' and ')} of ${count} calls`,
    });
  };
  return { count, goOn };
}

/** One socket that speaks to all ports of `targets`, and by which of them it was spoken to. */
async function newSpeaker() {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1_000_000 }).bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const targets: number[] = [];
  const heard = new Set<number>();
  socket.on('message', (_bytes, { port }) => heard.add(port));
  let sequence = 0;
  const speaking = setInterval(() => {
    sequence += 1;
    const packet = rtp(sequence % 65_536);
    for (const port of targets) socket.send(packet, port, '127.0.0.1');
  }, packetEveryMs);
  onTestFinished(() => {
    clearInterval(speaking);
    socket.close();
  });
  return { port: socket.address().port, targets, heard };
}
