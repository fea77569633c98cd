/** UDP sockets of our own and from outside. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listenFds } from '../../../appliance/net/listen-fds.ts';
import { openUdp } from '../../../appliance/net/udp.ts';

const root = join(import.meta.dirname, '../../..');
const withSockets = (...words: string[]) =>
  spawnSync(join(root, 'systemd/with-sockets'), words, { encoding: 'utf8', timeout: 10_000, cwd: root });

const inNet = (file: string) => JSON.stringify(join(root, 'appliance/net', file));

describe('a UDP port', () => {
  test('sends and hears datagrams', async () => {
    await using one = await openUdp({ address: '127.0.0.1', port: 0 });
    await using two = await openUdp({ address: '127.0.0.1', port: 0 });
    const heard = new Promise((resolve) => {
      two.onDatagram((bytes, from) => resolve([Buffer.from(bytes).toString(), from.port]));
    });
    await one.send(Buffer.from('hello'), two.address());
    expect(await heard).toEqual(['hello', one.address().port]);
  });

  test('keeps what came before anybody listened', async () => {
    await using one = await openUdp({ address: '127.0.0.1', port: 0 });
    await using two = await openUdp({ address: '127.0.0.1', port: 0 });
    await one.send(Buffer.from('early'), two.address());
    await new Promise((resolve) => setTimeout(resolve, 30));
    const heard: string[] = [];
    two.onDatagram((bytes) => heard.push(Buffer.from(bytes).toString()));
    expect(heard).toEqual(['early']);
  });

  test('that is taken says so, and who could tell by whom', async () => {
    await using one = await openUdp({ address: '127.0.0.1', port: 0 });
    await expect(openUdp({ address: '127.0.0.1', port: one.address().port })).rejects.toThrow(
      /UDP 127\.0\.0\.1:\d+ is in use.*ss -lunp/,
    );
  });

  test('on an address that is not ours says so', async () => {
    await expect(openUdp({ address: '192.0.2.77', port: 0 })).rejects.toThrow(/no card of this machine/);
  });

  test('tells a refused datagram to its sender', async () => {
    await using one = await openUdp({ address: '127.0.0.1', port: 0 });
    await expect(one.send(new Uint8Array(70_000), { address: '127.0.0.1', port: 9 })).rejects.toThrow(
      /EMSGSIZE/,
    );
    const error = new Promise((resolve) => {
      one.onError(resolve);
    });
    one.post(new Uint8Array(70_000), { address: '127.0.0.1', port: 9 });
    expect(await error).toBeInstanceOf(Error);
  });

  test('refuses to send once it is closed, and may be closed twice', async () => {
    const one = await openUdp({ address: '127.0.0.1', port: 0 });
    await one[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
    await expect(one.send(new Uint8Array(1), { address: '127.0.0.1', port: 9 })).rejects.toThrow(/closed/);
  });
});

describe('sockets from outside', () => {
  const pid = String(process.pid);

  test('are known by name', () => {
    const env = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'dhcp=eth0:web=', LISTEN_PID: pid };
    expect([...listenFds(env)]).toEqual([
      ['dhcp=eth0', 3],
      ['web=', 4],
    ]);
  });

  test.each([
    ['none were given', {}],
    ['they are for another process', { LISTEN_FDS: '1', LISTEN_FDNAMES: 'dhcp=eth0', LISTEN_PID: '1' }],
    ['their number makes no sense', { LISTEN_FDS: '-1', LISTEN_FDNAMES: 'dhcp=eth0' }],
  ])('are none when %s', (_title, env) => {
    expect(listenFds(env).size).toBe(0);
  });

  test('come from with-sockets, UDP and TCP, in the order of its words', () => {
    const script = `import { listenFds } from ${inNet('listen-fds.ts')};
      import { openUdp } from ${inNet('udp.ts')};
      const socket = await openUdp({ fd: listenFds().get('a=lo') });
      console.log(JSON.stringify([[...listenFds()], socket.address().address]));
      await socket[Symbol.asyncDispose]();`;
    const result = withSockets(
      'a=lo:udp:0',
      'b=127.0.0.1:tcp:0',
      'c=:udp:0',
      '--',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    );
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toEqual([
      [
        ['a=lo', 3],
        ['b=127.0.0.1', 4],
        ['c=', 5],
      ],
      '0.0.0.0',
    ]);
  });

  test.each([
    [['dhcp=nosuch0:udp:67', '--', 'true'], 1, /no such card/],
    [['dhcp=lo:sctp:67', '--', 'true'], 2, /is not NAME=WHERE:udp\|tcp:PORT/],
    [['dhcp=lo:udp:0'], 2, /usage/],
    [['a=:udp:0', '--', '/no/such/program'], 1, /\/no\/such\/program: No such file/],
  ])('%j end with-sockets with one clear line', (words, status, message) => {
    const result = withSockets(...words);
    expect(result.status).toBe(status);
    expect(result.stderr.trim().split('\n')).toHaveLength(1);
    expect(result.stderr).toMatch(message);
  });
});
