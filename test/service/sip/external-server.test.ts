/** The application on a SIP server elsewhere (`sip.engine = "drachtio"`), over TCP with a secret. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { startSipServer, type Incoming, type SipServer } from '../../../appliance/sip/srf.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { freePort } from '../../support/free-port.ts';
import { answerTo, startSipEnd, type SipEnd } from '../../support/sip-end.ts';
import { startServerProcess, type ServerAddress } from '../../support/sip-server.ts';

interface Box {
  readonly server: SipServer;
  readonly requests: Incoming[];
  readonly logged: string[];
  trouble(): string | undefined;
  connected(): Promise<true>;
}

async function openBox({ host, port, secret }: ServerAddress): Promise<Box> {
  const requests: Incoming[] = [];
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const server = await startSipServer(
    { log, clock: systemClock },
    {
      control: join(temporaryDirectory(), 'control'),
      server: { address: host, port },
      secret,
      upstreamFlow: ({ uri }) => (uri.startsWith('sip:token@') ? 'phone-1' : undefined),
    },
    {
      onRequest: async (request) => {
        requests.push(request);
        await request.respond({ status: 200 });
      },
      onError: () => undefined,
    },
  );
  onTestFinished(() => server[Symbol.asyncDispose]());
  const trouble = () => server.engine.trouble?.();
  return {
    server,
    requests,
    logged,
    trouble,
    connected: async () =>
      await until('the server to be reached', () => (trouble() === undefined ? true : undefined), {
        timeoutMs: 8000,
        everyMs: 20,
      }),
  };
}

/** Where the process listens for SIP, asked by a peer of its own. */
async function peerOf(
  sipPort: number,
): Promise<{ peer: SipEnd; ask: (user: string, headers?: Record<string, string>) => Promise<number> }> {
  const peer = await startSipEnd(['udp']);
  return {
    peer,
    ask: async (user, headers = {}) =>
      (
        await answerTo(
          await peer.srf.request(`sip:${user}@127.0.0.1:${sipPort}`, { method: 'OPTIONS', headers }),
        )
      ).status,
  };
}

it('requests come with the flow that this box works out, and what strangers write of it is not believed', async () => {
  const sipPort = await freePort();
  const box = await openBox(await startServerProcess({ sipPort }));
  await box.connected();
  const { peer, ask } = await peerOf(sipPort);
  expect(await ask('1001', { 'X-Gatehouse-Flow': 'phone-1', 'X-Gatehouse-Local': 'x' })).toBe(200);
  expect(await ask('token')).toBe(200);
  expect(box.requests.map(({ flow }) => flow)).toEqual([`in:udp:127.0.0.1:${peer.port('udp')}`, 'phone-1']);
  peer.srf.options((_req, res) => res.send(200));
  const sent = await box.server.send({ method: 'OPTIONS', uri: `sip:x@${peer.at('udp')}`, headers: [] });
  expect((await sent.final).status).toBe(200);
});

it('a server that ends is waited for, said to be missing, and served again when it is back', async () => {
  const sipPort = await freePort();
  const first = await startServerProcess({ sipPort });
  const box = await openBox(first);
  await box.connected();
  first.process.kill('SIGKILL');
  await until('the loss to be told', () => box.trouble(), { timeoutMs: 4000, everyMs: 20 });
  expect(box.trouble()).toContain(`127.0.0.1:${first.port}`);
  await expect(box.server.send({ method: 'OPTIONS', uri: 'sip:x@127.0.0.1:9', headers: [] })).rejects.toThrow(
    /socket/,
  );
  await startServerProcess({ sipPort, controlPort: first.port });
  await box.connected();
  const { ask } = await peerOf(sipPort);
  expect(await ask('1001')).toBe(200);
});

it('a secret that the server does not take is trouble, and stands in no log', async () => {
  const { host, port } = await startServerProcess({ secret: 'the right one' });
  const box = await openBox({ host, port, secret: 'a-wrong-secret' });
  await until('the refusal', () => box.server.engine.counters()['control_secrets_wrong'], {
    timeoutMs: 8000,
    everyMs: 20,
  });
  expect(box.trouble()).toContain('refuses the secret');
  expect(box.logged.join('')).not.toContain('a-wrong-secret');
});

it.each([
  ['no frames at all', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
  ['a length that is none', 'abc#x'],
  ['a frame of an unknown kind', '20#id|fireworks|tonight'],
  ['a SIP message that is none', '50#id|sip|network|3|udp|1.2.3.4|5060|t|x|y|\r\nNONSENSE'],
])('a server that speaks nonsense (%s) ends nothing but its own connection', async (_title, nonsense) => {
  const sockets: Socket[] = [];
  const liar = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(nonsense));
  });
  liar.listen(0, '127.0.0.1');
  await once(liar, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    liar.close();
  });
  const { port } = liar.address() as AddressInfo;
  const box = await openBox({ host: '127.0.0.1', port, secret: 'x' });
  const noticed = () => {
    const counters = box.server.engine.counters();
    return (
      (counters['control_frames_broken'] ?? 0) +
        (counters['control_frames_unknown'] ?? 0) +
        (counters['messages_malformed'] ?? 0) || undefined
    );
  };
  await until('the nonsense to be counted', noticed, { timeoutMs: 4000, everyMs: 20 });
  expect(box.trouble()).toBeDefined();
  expect(box.requests).toEqual([]);
});
