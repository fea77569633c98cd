/** The page's server on a port of its own, over a site whose facts a test writes. */
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { parseConfig, readConfig, type Config } from '../../appliance/config.ts';
import { setupCode } from '../../appliance/store/admin-password.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { startWeb, type WebPart } from '../../appliance/web/server.ts';
import { openWorld, systemClock, type World } from '../../appliance/world.ts';
import { hurriedClock, type FakeClock } from './clock.ts';
import { temporaryDirectory } from './directory.ts';
import { openSite, type Site } from './site.ts';

export interface Page {
  readonly site: Site;
  readonly web: WebPart;
  readonly config: Config;
  readonly directory: string;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
}

/** `more` is TOML after the site's own table; `world` changes what the server is given. */
export async function openPage(more = '', world: Partial<World> = {}): Promise<Page> {
  const directory = temporaryDirectory();
  const config = parseConfig(
    `[site]\nname = "Test"\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n${more}`.replace(
      /^(?![\s\S]*\[web\])/,
      '[web]\nport = 0\n',
    ),
  );
  const site = openSite(directory, systemClock);
  const web = await startWeb({ ...openWorld('silent'), ...world }, config);
  onTestFinished(async () => {
    await web[Symbol.asyncDispose]();
    site[Symbol.dispose]();
  });
  return { site, web, config, directory, url: `http://127.0.0.1:${web.address.port}` };
}

export interface NetworkPage {
  readonly web: WebPart;
  readonly directory: string;
  readonly clock: FakeClock;
  /** The code on the box's screen. */
  readonly code: string;
  readonly config: Config;
  /** Path of the settings, in a folder of their own. */
  readonly configFile: string;
}

/** The page as it stands on a network: nobody is in before he signs in. `more` is TOML of `[web]`; its clock can be moved on. */
export async function openNetworkPage({
  more = '',
  site = '10.20.0.1',
  directory = temporaryDirectory(),
} = {}): Promise<NetworkPage> {
  const toml = `[site]\nname = "Test"\naddress = "${site}"\nstate_directory = "${directory}"\n[web]\naddress = "0.0.0.0"\nport = 0\n${more}`;
  const configFile = join(temporaryDirectory(), 'gatehouse.toml');
  writeFileSync(configFile, toml);
  const config = readConfig(configFile);
  const clock = hurriedClock();
  const web = await startWeb({ ...openWorld('silent'), clock, settingsFile: configFile }, config);
  onTestFinished(async () => await web[Symbol.asyncDispose]());
  using secrets = openSecrets(directory, 'web', clock);
  return { web, directory, clock, config, configFile, code: (await setupCode(secrets)) ?? '' };
}

/** The cookie of the browser in which the first password of a page was chosen. */
export async function newFirstPassword({
  directory,
  port,
  password,
}: {
  directory: string;
  port: number;
  password: string;
}): Promise<string> {
  using secrets = openSecrets(directory, 'web', systemClock);
  const body = { code: (await setupCode(secrets)) ?? '', password };
  const { headers } = await ask({ port, body }, '/api/setup');
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Where {
  readonly port?: number;
  readonly socketPath?: string;
  /** Asked from this address of loopback. */
  readonly localAddress?: string;
  /** An order, as JSON. */
  readonly body?: object;
}

/** Raw HTTP: `fetch` would not send a foreign Host. */
export async function ask(
  where: Where,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answered> {
  return await new Promise((resolve, reject) => {
    const { body, ...to } = where;
    const options = { host: '127.0.0.1', ...to, path, agent: false };
    const order = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    const asked = request({ ...options, ...(body === undefined ? { headers } : order) }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asked.on('error', reject);
    asked.end(where.body === undefined ? undefined : JSON.stringify(where.body));
  });
}

export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Reads a stream of events until `isDone` says so; throws when it ends or takes longer than five seconds. */
export async function eventsUntil(
  url: string,
  isDone: (events: readonly ServerEvent[]) => boolean,
  whenOpen: () => Promise<void> = async () => undefined,
): Promise<ServerEvent[]> {
  const abort = AbortSignal.timeout(5000);
  const response = await fetch(`${url}/api/events`, { signal: abort });
  const events: ServerEvent[] = [];
  let text = '';
  let isOpened = false;
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    events.push(...blocks.flatMap(parseEvent));
    if (!isOpened) {
      isOpened = true;
      await whenOpen();
    }
    if (isDone(events)) return events;
  }
  throw new Error(`the stream ended after ${events.length} events`);
}

function parseEvent(block: string): ServerEvent[] {
  const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? [];
  return event === '' ? [] : [{ event, data: JSON.parse(data) }];
}
