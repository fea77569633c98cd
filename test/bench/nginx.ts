/** A real nginx on loopback as the peer: one worker, a caching proxy over TLS and a plain one without a cache. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { run, start, until } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { processorSeconds } from './provisioning-box.ts';

export interface Nginx extends AsyncDisposable {
  /** Why there is none; undefined when it runs. */
  readonly name?: string;
  readonly cachePort: number;
  readonly passPort: number;
  /** Of its worker's processor, so far. */
  readonly seconds: () => number;
}

interface NginxSettings {
  readonly directory: string;
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  readonly upstream: string;
  /** Files given out in clear beside it, each transfer at this rate. */
  readonly files?: { readonly folder: string; readonly bytesPerSecond: number };
}

export async function startNginx({ directory, tls, upstream, files }: NginxSettings): Promise<Nginx> {
  const ports = { cachePort: await freePort(), passPort: await freePort() };
  const version = await run(['nginx', '-v'], { anyExitCode: true }).catch(() => undefined);
  if (version === undefined) {
    const name = 'nginx: not installed (Debian package nginx-light)';
    return { ...ports, name, seconds: () => 0, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const root = join(directory, 'nginx');
  mkdirSync(root);
  writeFileSync(join(root, 'cert.pem'), tls.cert);
  writeFileSync(join(root, 'key.pem'), tls.key, { mode: 0o600 });
  writeFileSync(join(root, 'nginx.conf'), settings({ root, upstream, files, ...ports }));
  const running = start(['nginx', '-p', root, '-c', join(root, 'nginx.conf'), '-e', join(root, 'error.log')]);
  await until('nginx listens', async () => (await takes(ports.passPort)) || undefined, {
    timeoutMs: 10_000,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  const children = `/proc/${running.pid}/task/${running.pid}/children`;
  const seconds = () => processorSeconds(Number.parseInt(readFileSync(children, 'latin1'), 10));
  return { ...ports, seconds, [Symbol.asyncDispose]: async () => running[Symbol.asyncDispose]() };
}

interface Written extends Pick<NginxSettings, 'upstream'> {
  readonly root: string;
  readonly files: NginxSettings['files'] | undefined;
  readonly cachePort: number;
  readonly passPort: number;
}

function settings(of: Written): string {
  const files =
    of.files &&
    `location /files/ { alias ${of.files.folder}/; sendfile on; limit_rate ${Math.round(of.files.bytesPerSecond)}; }`;
  return `daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${of.root}/pid;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path ${of.root}/body;
  proxy_temp_path ${of.root}/temp;
  fastcgi_temp_path ${of.root}/fastcgi;
  uwsgi_temp_path ${of.root}/uwsgi;
  scgi_temp_path ${of.root}/scgi;
  proxy_cache_path ${of.root}/cache keys_zone=phones:10m;
  server {
    listen 127.0.0.1:${of.cachePort} ssl backlog=1024;
    ssl_certificate ${of.root}/cert.pem;
    ssl_certificate_key ${of.root}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    location / { proxy_pass ${of.upstream}; proxy_cache phones; proxy_cache_valid 200 1h; }
  }
  server {
    listen 127.0.0.1:${of.passPort} backlog=1024;
    ${files ?? ''}
    location / { proxy_pass ${of.upstream}; }
  }
}
`;
}

async function takes(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
