/** The page's server on a port of its own, over a site whose facts a test writes. */
import { request } from 'node:http';
import { onTestFinished } from 'vitest';
import { parseConfig, type Config } from '../../appliance/config.ts';
import { startWeb, type WebPart } from '../../appliance/web/server.ts';
import { openWorld, systemClock, type World } from '../../appliance/world.ts';
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

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Raw HTTP: `fetch` would not send a foreign Host. */
export async function ask(
  where: { port: number } | { socketPath: string },
  path: string,
  headers: Record<string, string> = {},
): Promise<Answered> {
  return await new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', ...where, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    asked.on('error', reject);
    asked.end();
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
