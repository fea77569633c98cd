/** The status page and its JSON API, on the management address and on a Unix socket. */
import { chmodSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { leastTokenLength, tokenIn } from '../config/settings-file.ts';
import { listenFds } from '../net/listen-fds.ts';
import { pageIdentity } from '../net/page-certificate.ts';
import { clearUnixSocket } from '../net/unix-socket.ts';
import { uploadFolder } from '../store/firmware-folder.ts';
import { uploadedRelease } from '../store/release-upload.ts';
import { openStore } from '../store/store.ts';
import { tellStart } from '../store/tell-start.ts';
import { version, type Part, type World } from '../world.ts';
import { removeAbandonedUploads } from './abandoned-upload.ts';
import { openAdmin } from './admin.ts';
import { isLoopback } from './guard.ts';
import { makeServer, type Counters, type PageServer, type ServerNeeds } from './listener.ts';
import { startLive } from './live.ts';
import { newPieces } from './pieces.ts';
import { openUploads } from './uploads.ts';
import { openViews } from './views.ts';

interface Listening {
  readonly address: string;
  readonly port: number;
}

/** A running page; `address` is where it listens, with the port that the system chose for port 0. */
export interface WebPart extends Part {
  readonly address: Listening;
  readonly secureAddress?: Listening;
}

export async function startWeb(world: World, config: Config): Promise<WebPart> {
  await using opened = new AsyncDisposableStack();
  const { state_directory: directory } = config.site;
  const { clock } = world;
  const store = opened.use(openStore({ directory, part: 'web', clock, isReplaced: true }));
  const admin = opened.use(await openAdmin({ directory, store, world }));
  const views = openViews(config, version);
  const live = opened.use(startLive({ clock, log: world.log, directory, views }));
  const counters: Counters = { requests: 0, refused: 0, streams_refused: 0, errors: 0 };
  const openFor = (folder: string, idleMs: number) =>
    opened.use(openUploads({ stateDirectory: directory, folder, idleMs }, world));
  const uploads = {
    firmware: openFor(uploadFolder(directory), 60_000),
    // Root is waited for in between.
    release: openFor(uploadedRelease(directory), 180_000),
  };
  opened.use(removeAbandonedUploads(directory, world));
  const streams = () => live.watchers();
  const pieces = { uploads, takePiece: newPieces() };
  const { settingsFile } = world;
  const sources = { views, release: version, streams, store, admin, config, settingsFile, ...pieces };
  const metricsToken = readToken(config.web.metrics_token_file);
  const needs: ServerNeeds = { world, config, store, live, sources, counters, metricsToken };
  const open = (server: PageServer): PageServer => {
    opened.defer(async () => await server.close());
    return server;
  };
  const secureAddress = await listenSecurely(needs, directory, open);
  const onAddress = open(
    makeServer(needs, {
      isSocket: false,
      isLoopback: isLoopback(config.web.address),
      ...(secureAddress && { securePort: secureAddress.port }),
    }),
  );
  await onAddress.listen({ host: config.web.address, port: config.web.port });
  if (config.web.socket !== undefined) {
    const onSocket = open(makeServer(needs, { isSocket: true, isLoopback: false }));
    await listenOnSocket(onSocket, config.web.socket);
  }
  // A full disk is what the page is there to tell.
  await tellStart(store, { log: world.log, release: version });
  const owned = opened.move();
  return {
    address: listening(onAddress),
    ...(secureAddress && { secureAddress }),
    health: () => {
      const trouble = live.trouble();
      return trouble === undefined
        ? { state: 'ok' }
        : { state: 'degraded', reason: `the live view waits: ${trouble}` };
    },
    counters: () => ({ ...counters, streams: live.watchers() }),
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  };
}

/** By the socket that systemd hands over, or one of our own. Undefined: the settings want no HTTPS. */
async function listenSecurely(
  needs: ServerNeeds,
  directory: string,
  open: (server: PageServer) => PageServer,
): Promise<Listening | undefined> {
  const { address, https_port: port } = needs.config.web;
  if (port === undefined) return undefined;
  const identity = await pageIdentity(join(directory, 'web'));
  const server = open(makeServer(needs, { isSocket: false, isLoopback: isLoopback(address), identity }));
  const fd = listenFds().get(`web-https=${address}`);
  // Fastify passes on what it doesn't know to node's own listen.
  await server.listen(fd === undefined ? { host: address, port } : ({ fd } as object));
  return listening(server);
}

function listening(server: PageServer): Listening {
  const { address, port } = server.server.address() as AddressInfo;
  return { address, port };
}

/** The first line; throws what the file system says. */
function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  const token = tokenIn(readFileSync(file, 'utf8'));
  if (token.length < leastTokenLength)
    throw new Error(`${file}: a token has at least ${leastTokenLength} characters, on the first line`);
  return token;
}

/** Only the group of the socket's owner may connect: the file's rights are the log-in. */
async function listenOnSocket(server: PageServer, path: string): Promise<void> {
  await clearUnixSocket(path);
  await server.listen({ path });
  chmodSync(path, 0o660);
}
