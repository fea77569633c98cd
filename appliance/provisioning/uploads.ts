/**
 * What phones send by PUT. Logs are kept for people to read, bounded and masked; directories, call lists and settings,
 * which are personal or secret, are taken and thrown away, so that the phone does not try again. Nothing goes up unless
 * the settings say so, and the phone does not wait for that.
 */
import { buffer } from 'node:stream/consumers';
import type { HttpRequest } from '../net/http-server.ts';
import { mostOfOne, savePhoneLog } from '../store/phone-logs.ts';
import { emptyAnswer, tryLater, type Answer, type Context } from './context.ts';
import { upstreamHeaders } from './headers.ts';
import type { Upstream } from './hosts.ts';
import type { Asker } from './identify.ts';
import { newLimiter } from './limiter.ts';
import { maskLog } from './log-mask.ts';

/** Whole in memory, up to the listener's limit each. */
const mostAtOnce = 16;
/** A boot has two or three; a phone that logs all it does has one every few minutes. */
const perPhone = { burst: 6, perMinute: 1 };
const mostAnswerBytes = 65_536;

interface Upload {
  readonly request: HttpRequest;
  readonly asker: Asker;
  readonly upstream: Upstream;
  readonly file: string;
}

/** The returned function rejects with a RequestBodyError when the body can't be had. */
export function newUploads(context: Context): (upload: Upload) => Promise<Answer> {
  const { counters, provisioning, world } = context;
  const limiter = newLimiter(perPhone);
  let running = 0;
  return async (upload) => {
    const { asker, file, request } = upload;
    if (!/^[\w.-]{1,64}\.log$/i.test(file) || !limiter.take(asker.mac, world.clock.now())) {
      counters.uploads_dropped += 1;
      return { ...emptyAnswer(200), outcome: 'upload taken' };
    }
    if (running >= mostAtOnce) return tryLater('busy');
    running += 1;
    let forwarding: Promise<void> | undefined;
    try {
      const body = await buffer(request.body);
      if (!(await keep(context, upload, body))) return tryLater('busy');
      if (provisioning.forward_phone_logs) forwarding = forward(context, upload, body);
    } finally {
      void Promise.resolve(forwarding).finally(() => (running -= 1));
    }
    return { ...emptyAnswer(200), outcome: 'log kept' };
  };
}

/** False: a full or broken disk. The phone comes again. */
async function keep(
  { counters, store, world }: Context,
  { asker, file }: Upload,
  body: Buffer,
): Promise<boolean> {
  const { mac, ip } = asker;
  // Masked before it is cut: half a password at the seam would stay.
  const text = Buffer.from(maskLog(body.toString('latin1')), 'latin1').subarray(-mostOfOne);
  const log = { mac, name: file, ip, at: world.clock.now(), sent: body.length, text };
  try {
    await store.write((tx) => savePhoneLog(tx.db, log));
  } catch (error) {
    counters.errors += 1;
    world.log.error({ mac, error: String(error) }, 'log not kept');
    return false;
  }
  counters.logs_kept += 1;
  return true;
}

/** Once, as it came. Never rejects. */
async function forward(
  { ask, counters, world }: Context,
  { asker, request, upstream }: Upload,
  body: Buffer,
): Promise<void> {
  const { use, host, path } = upstream;
  try {
    const { status } = await ask({
      scheme: use === 'first' ? 'http' : 'https',
      host,
      method: 'PUT',
      target: path,
      headers: [...upstreamHeaders(request.headers, host), ['Content-Length', String(body.length)]],
      body,
      mostBytes: mostAnswerBytes,
    });
    counters.logs_forwarded += 1;
    world.log.info({ mac: asker.mac, host, status }, 'log passed on');
  } catch (error) {
    counters.upstream_failures += 1;
    world.log.warn({ mac: asker.mac, host, error: String(error) }, 'log not passed on');
  }
}
