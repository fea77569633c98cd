import { statSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenUnix } from '../../appliance/net/tcp.ts';
import { startEngine } from '../../appliance/sip/engine/engine.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { answerTo, quietWorld, startSipEnd, until } from '../support/sip-end.ts';
import { rawRequest, rawStream, rawUdp, status } from '../support/sip-raw.ts';

const frame = (text: string) => `${Buffer.byteLength(text)}#${text}`;

/** An application without drachtio-srf: it says `commands` and keeps what it is told. */
async function bareApplication(commands: readonly string[]) {
  const path = `${temporaryDirectory()}/control`;
  const server = await listenUnix(path);
  const state = { text: '', ended: 0, socket: undefined as Socket | undefined };
  server.on('connection', (socket) => {
    state.socket = socket;
    socket.on('data', (chunk) => (state.text += chunk.toString()));
    socket.on('close', () => (state.ended += 1));
    socket.on('error', () => undefined);
    for (const command of commands) socket.write(frame(command));
  });
  onTestFinished(() => void server.close());
  const start = async () => {
    const engine = await startEngine(quietWorld, {
      control: path,
      secret: 'right',
      listen: [{ transport: 'udp', address: '127.0.0.1', port: 0 }],
      trust: undefined,
    });
    onTestFinished(async () => await engine[Symbol.asyncDispose]());
    return engine;
  };
  return { state, start };
}

describe('the secret', () => {
  it('nothing is obeyed before it', async () => {
    const peer = await rawUdp({ port: 0 });
    const request = `OPTIONS sip:x@127.0.0.1:${peer.port} SIP/2.0\r\ncontent-length: 0\r\n\r\n`;
    const application = await bareApplication([`1|sip||\r\n${request}`, '2|authenticate|right|']);
    await expect(application.start()).rejects.toThrow('did not give the right secret');
    await until(() => application.state.ended === 1, 'the end of the connection');
    expect(application.state.text).toContain('|response|1|NO|not authenticated');
    expect(peer.received).toEqual([]);
  });

  it('a wrong one ends the start', async () => {
    const application = await bareApplication(['1|authenticate|wrong|']);
    await expect(application.start()).rejects.toThrow('did not give the right secret');
    await until(() => application.state.ended === 1, 'the end of the connection');
    expect(application.state.text).toContain('|response|1|NO|incorrect secret');
  });

  it('the right one is answered with the listening ports and a version that drachtio-srf accepts', async () => {
    const application = await bareApplication([
      '1|authenticate|right|',
      '2|ping',
      '3|route|invite',
      '4|proxy|x',
      '5|nonsense',
    ]);
    const engine = await application.start();
    await until(() => application.state.text.includes('|response|5|'), 'answers');
    const port = engine.listening[0]?.port;
    expect(application.state.text).toContain(`|response|1|OK|udp/127.0.0.1:${port}|v0.9.9`);
    expect(application.state.text).toMatch(
      /\|response\|2\|OK\|pong.*\|response\|3\|OK.*\|response\|4\|NOK\|.*\|response\|5\|NOK\|/s,
    );
  });

  it('the control socket is for this user only', async () => {
    const end = await startSipEnd([]);
    expect(statSync(end.controlPath).mode & 0o777).toBe(0o600);
  });

  it('without an application there is no engine', async () => {
    const control = `${temporaryDirectory()}/nobody`;
    const starting = startEngine(quietWorld, { control, secret: 'x', listen: [], trust: undefined });
    await expect(starting).rejects.toThrow('cannot reach the SIP application');
  });

  it('a port in use is said in one sentence', async () => {
    const one = await startSipEnd(['udp', 'tcp']);
    for (const transport of ['udp', 'tcp'] as const) {
      const endpoint = { transport, address: '127.0.0.1', port: one.port(transport) };
      await expect(startSipEnd([], { listen: [endpoint] })).rejects.toThrow(
        `${endpoint.port} is in use: another`,
      );
    }
    const elsewhere = { transport: 'tcp', address: '192.0.2.1', port: 0 } as const;
    await expect(startSipEnd([], { listen: [elsewhere] })).rejects.toThrow(
      'no card of this machine has that address',
    );
  });
});

describe('what an application breaks', () => {
  it('a frame that is none closes the connection, requests get 503, and a new connection serves again', async () => {
    const application = await bareApplication(['1|authenticate|right|']);
    const engine = await application.start();
    const phone = await rawUdp({ port: engine.listening[0]?.port ?? 0 });
    const options = (callId: string) =>
      rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId, port: phone.port });
    application.state.socket?.write('garbage without any length');
    await until(() => application.state.ended === 1, 'the end of the connection');
    phone.send(options('early'));
    await phone.next(status(503));
    await until(() => application.state.text.split('|response|1|OK').length === 3, 'a new connection');
    phone.send(options('late'));
    await until(() => application.state.text.includes('Call-ID: late'), 'the request');
    expect(application.state.text).not.toContain('Call-ID: early');
  });
});

describe('what strangers send', () => {
  it('never ends the engine: garbage, broken requests, flooded connections', async () => {
    const end = await startSipEnd(['udp', 'tcp']);
    end.srf.options((_req, res) => res.send(200));
    const udp = await rawUdp({ port: end.port('udp') });
    const whole = rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId: 'whole', port: udp.port });
    const flips = Array.from(whole, (_character, at) => {
      const bytes = Buffer.from(whole.replaceAll('whole', `flip${at}`));
      bytes[at] = (bytes[at] ?? 0) ^ 0x15;
      return bytes;
    });
    const cuts = Array.from(whole, (_character, at) => Buffer.from(whole.slice(0, at)));
    for (const [at, bytes] of [...cuts, ...flips].entries()) {
      udp.send(bytes);
      // The socket's buffer is not what is tried here.
      if (at % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
    }
    udp.send(whole.replace('Max-Forwards: 70', 'Max-Forwards: x').replace('whole', 'big'));
    await udp.next((message) => status(400)(message) && message.headers.some(({ value }) => value === 'big'));
    for (const text of [
      '\0'.repeat(1000),
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      `INVITE sip:x SIP/2.0\r\n${'A'.repeat(70_000)}`,
    ]) {
      const stream = await rawStream({ port: end.port('tcp') });
      stream.send(text);
      if (text.startsWith('GET') || text.length > 65_536)
        await until(() => stream.isClosed, 'the connection to end');
    }
    udp.send(whole.replaceAll('whole', 'after').replace('z9hG4bK', 'z9hG4bKafter'));
    await udp.next(
      (message) => status(200)(message) && message.headers.some(({ value }) => value === 'after'),
    );
    expect(end.engine.counters()['errors']).toBeUndefined();
    expect(end.engine.counters()['messages_malformed']).toBeGreaterThan(100);
  });

  it('one address cannot take all connections', async () => {
    const end = await startSipEnd(['tcp']);
    const sockets = Array.from({ length: 528 }, () =>
      createConnection({ host: '127.0.0.1', port: end.port('tcp') }),
    );
    for (const socket of sockets) socket.on('error', () => undefined);
    onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
    await until(() => end.engine.counters()['connections_refused'] === 16, 'refusals');
    expect(end.engine.counters()['open_connections']).toBe(512);
  });

  it('requests that wait for a silent server, the one that began and those that joined it, fail soon', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => void silent.close());
    const end = await startSipEnd(['udp']);
    const { port } = silent.address() as { port: number };
    const asked = async () => {
      const proxy = `sip:127.0.0.1:${port};transport=tls;flow=a`;
      return await answerTo(await end.srf.request('sip:x', { method: 'OPTIONS', proxy }));
    };
    const answers = await Promise.all([asked(), asked()]);
    expect(answers.map((answer) => [answer.status, answer.get('X-Gatehouse-Local')])).toEqual([
      [503, 'unreachable'],
      [503, 'unreachable'],
    ]);
  });
});
