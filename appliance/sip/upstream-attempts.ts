/**
 * A REGISTER on its way to the registrar, tried again while the phone still waits: one that hears of a failure stays away for
 * half a minute or more, although most failures are a connection that a router forgot or a short cut.
 */
import { DecodeError } from '../protocol/bytes.ts';
import type { SipHeader } from '../protocol/sip-message.ts';
import type { Application } from './application.ts';
import type { Outgoing, Received } from './srf.ts';
import { enough } from '../world.ts';

/** Milliseconds since the phone asked; it gives up after 32 s (RFC 3261 timer F). */
const limits = {
  /** No attempt begins later. */
  begin: 22_000,
  answer: 29_000,
  /** An attempt that fails sooner was refused, and would be again. */
  silence: 3000,
} as const;

export type Attempted =
  | { readonly kind: 'answered'; readonly response: Received; readonly localAddress: string }
  | { readonly kind: 'failed'; readonly cause: string };

const outage = 'outage';

interface Asking {
  readonly outgoing: Outgoing;
  readonly registrar: string;
}

/** Throws DecodeError for what can't be sent because of how the phone wrote it. */
export async function askRegistrar(
  app: Application,
  outgoing: Outgoing,
  registrar: string,
): Promise<Attempted> {
  const { clock } = app.world;
  const asked = clock.monotonic();
  for (let attempt = 1; ; attempt += 1) {
    const begun = clock.monotonic();
    const attempted = await askOnce(app, { outgoing, registrar }, limits.answer - (begun - asked));
    if (attempted.kind === 'answered' || attempted.cause === outage) return attempted;
    const now = clock.monotonic();
    // The old connection was dead, or so is the whole way for the moment.
    const mayHelp =
      attempted.cause === 'flow-failed'
        ? attempt === 1
        : attempted.cause === 'unreachable' && now - begun >= limits.silence;
    if (!mayHelp || now - asked > limits.begin) return attempted;
    app.counters.registrations_repeated += 1;
  }
}

async function askOnce(app: Application, { outgoing, registrar }: Asking, ms: number): Promise<Attempted> {
  const stop = new AbortController();
  const late = app.world.clock.sleep(ms, stop.signal).then(
    (): Attempted => ({ kind: 'failed', cause: 'timeout' }),
    (): Attempted => ({ kind: 'failed', cause: 'stopped' }),
  );
  try {
    return await Promise.race([answerTo(app, outgoing), late, noWay(app, registrar, stop.signal)]);
  } finally {
    stop.abort(enough);
  }
}

/** Asked for once nothing has come for a while: resolves in an outage only. */
async function noWay(app: Application, registrar: string, signal: AbortSignal): Promise<Attempted> {
  await app.world.clock.sleep(limits.silence, signal).catch(() => undefined);
  const isOutage = !signal.aborted && (await app.outages.failed(registrar, 'silent'));
  return isOutage ? { kind: 'failed', cause: outage } : await new Promise<never>(() => undefined);
}

async function answerTo(app: Application, outgoing: Outgoing): Promise<Attempted> {
  try {
    const { final, localAddress } = await app.server.send(outgoing);
    const response = await final;
    if (response.localCause !== undefined) return { kind: 'failed', cause: response.localCause };
    return { kind: 'answered', response, localAddress };
  } catch (error) {
    if (error instanceof DecodeError) throw error;
    app.counters.errors += 1;
    app.world.log.error({ err: error, method: outgoing.method }, 'request not sent upstream');
    return { kind: 'failed', cause: 'not sent' };
  }
}

const retrySeconds = { least: 10, most: 30 };

/** Goes with each 503: spread, so that phones don't all come back in the same second. */
export function retryAfter(seconds = someSeconds()): SipHeader {
  return { name: 'Retry-After', value: String(seconds) };
}

function someSeconds(): number {
  const { least, most } = retrySeconds;
  return least + Math.floor(Math.random() * (most - least));
}
