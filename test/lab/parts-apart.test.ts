/** As on the image: each part is a process of its own, and they find each other through files and one socket. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { until } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';

const root = join(import.meta.dirname, '../..');

/** Short: a Unix socket's path has 100 bytes. */
async function site(): Promise<{ readonly file: string; readonly socket: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'gh-parts-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const [file, socket] = [join(directory, 'gatehouse.toml'), join(directory, 'page.sock')];
  const off = '[provisioning]\nhttp_port = 0\nhttps_port = 0\n[sip]\nudp_port = 0\ntcp_port = 0\n';
  writeFileSync(
    file,
    `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n${off}tls_port = ${await freePort()}\n[web]\nport = 0\nsocket = "${socket}"\n`,
  );
  return { file, socket };
}

function startPart(name: string, file: string): () => void {
  const child = spawn(process.execPath, ['appliance/main.ts', 'run', name, '--config', file], { cwd: root });
  const kill = () => void child.kill('SIGKILL');
  onTestFinished(kill);
  return kill;
}

function healthOf(socketPath: string): Promise<Record<string, string> | undefined> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/healthz', headers: { host: 'localhost' } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => resolve((JSON.parse(body) as { parts: Record<string, string> }).parts));
    });
    call.once('error', () => resolve(undefined)).end();
  });
}

it('parts started apart, each before what it needs, all come to work', async () => {
  const { file, socket } = await site();
  const killers = new Map(
    ['web', 'location', 'sip', 'rtp', 'provisioning'].map((name) => [name, startPart(name, file)]),
  );
  let seen: Record<string, string> | undefined;
  const wait = { timeoutMs: 30_000, lastSeen: () => JSON.stringify(seen) };
  // How well they are is another matter: there is no cloud to reach here.
  const idle = async () => {
    seen = await healthOf(socket);
    if (seen === undefined || Object.keys(seen).length < killers.size) return undefined;
    return Object.keys(seen).filter((name) => seen?.[name] === 'not running');
  };
  const allAtWork = async () => (await idle())?.length === 0 || undefined;
  await until('five parts at work', allAtWork, wait);
  killers.get('rtp')?.();
  const gone = await until(
    'one part gone and told',
    async () => {
      const names = await idle();
      return names?.length === 0 ? undefined : names;
    },
    wait,
  );
  expect(gone).toEqual(['rtp']);
  startPart('rtp', file);
  await until('five parts at work again', allAtWork, wait);
});
