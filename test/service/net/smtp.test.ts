/** Mail handed to a server over TLS that it must prove to be itself, and what is told when it doesn't take it. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { sendMail, type MailServer } from '../../../appliance/net/smtp.ts';
import { startMailServer } from '../../support/lan-ends.ts';
import { newTestAuthority } from '../../support/sip-certificates.ts';

const envelope = {
  from: 'box@example.com',
  to: ['desk@example.com'],
  message: 'Subject: x\r\n\r\naGVscA==\r\n',
};
const account = { username: 'box', password: 'correct horse' };

function talk(socket: Socket, to: string[], onStart?: () => void): void {
  let isData = false;
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    for (const line of chunk.toString().split('\r\n').filter(Boolean)) {
      to.push(line);
      if (line === 'STARTTLS') {
        socket.removeAllListeners('data');
        socket.write('220 go\r\n', onStart);
        return;
      }
      if (isData && line !== '.') continue;
      isData = line === 'DATA';
      socket.write(
        isData
          ? '354 go\r\n'
          : line.startsWith('AUTH')
            ? '235 in\r\n'
            : line === 'QUIT'
              ? '221 bye\r\n'
              : '250 fine\r\n',
      );
    }
  });
}

/** Encrypts from the start, or after STARTTLS; gives what was said in clear and under TLS. */
async function tlsMailServer(mode: 'starttls' | 'tls', identity: { key: string; cert: string }) {
  const said: { clear: string[]; sealed: string[] } = { clear: [], sealed: [] };
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    const seal = () => talk(new TLSSocket(socket, { isServer: true, ...identity }), said.sealed);
    if (mode === 'tls') {
      const sealed = new TLSSocket(socket, { isServer: true, ...identity });
      sealed.write('220 ready\r\n');
      talk(sealed, said.sealed);
    } else {
      socket.write('220 ready\r\n');
      talk(socket, said.clear, seal);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { said, port: (server.address() as AddressInfo).port };
}

it.each(['starttls', 'tls'] as const)(
  'with %s the password goes under TLS only, and the mail is taken',
  async (tls) => {
    const authority = newTestAuthority();
    const { said, port } = await tlsMailServer(tls, authority.issue(['IP:127.0.0.1']));
    const server: MailServer = { host: '127.0.0.1', port, tls, trust: [authority.ca], account };
    expect(await sendMail(server, envelope)).toBe('250 fine');
    const credentials = `AUTH PLAIN ${Buffer.from('\0box\0correct horse').toString('base64')}`;
    expect(said.sealed).toEqual(
      expect.arrayContaining([credentials, 'MAIL FROM:<box@example.com>', 'aGVscA==']),
    );
    expect(said.clear.filter((line) => !/^(?:EHLO |STARTTLS$)/.test(line))).toEqual([]);
  },
);

it.each(['starttls', 'tls'] as const)(
  'with %s a server that is somebody else hears nothing of it',
  async (tls) => {
    const [authority, other] = [newTestAuthority(), newTestAuthority()];
    const { said, port } = await tlsMailServer(tls, other.issue(['IP:127.0.0.1']));
    const server: MailServer = { host: '127.0.0.1', port, tls, trust: [authority.ca], account };
    await expect(sendMail(server, envelope)).rejects.toThrow(/certificate|signature/i);
    expect(said.sealed).toEqual([]);
  },
);

it.each([
  ['STARTTLS', 'starttls', '502 not here to STARTTLS'],
  ['RCPT', 'none', '502 not here to RCPT'],
  ['AUTH', 'none', '502 not here to AUTH'],
] as const)('a refusal of %s is told, and no password', async (word, tls, told) => {
  const { port } = await startMailServer({ refuses: { [word]: '502 not here' } });
  const server: MailServer = { host: '127.0.0.1', port, tls, trust: [], account };
  const failure = await sendMail(server, envelope).catch((error: Error) => error.message);
  expect(failure).toBe(told);
});

it('nobody there is told as what it is', async () => {
  const { port } = await startMailServer();
  const server: MailServer = { host: '127.0.0.7', port, tls: 'none', trust: [] };
  await expect(sendMail(server, envelope)).rejects.toThrow('ECONNREFUSED');
});
