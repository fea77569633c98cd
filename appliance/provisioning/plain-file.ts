/**
 * Files that are no configuration (firmware, pictures, tones): handed on as they come, never whole in memory and never
 * kept. Only where no phone could take one for a configuration: for makes whose bodies can't be read anyhow, and for names
 * that a make's own table lists, which no provisioning address may lead to then.
 */
import type { Download } from '../net/http-download.ts';
import { UpstreamError } from '../net/http-upstream.ts';
import { emptyAnswer, tryLater, type Answer, type Context } from './context.ts';
import { noteFailure, refuseAnswer } from './giving.ts';
import { upstreamHeaders } from './headers.ts';
import { fileOf } from './hosts.ts';
import { moveBack } from './move-back.ts';
import type { Passing } from './passing.ts';
import { plainHead } from './phone-answer.ts';
import type { VendorProvisioning } from './vendor-files.ts';

const names = /\.(?:rom|img|cmp|bin|fwu?|swu|z|zip|t?gz|tar|jpe?g|png|bmp|gif|ico|wav|mp3|ogg|ttf)$/i;
/** The largest firmware of a desk phone is a tenth of it. */
const mostBytes = 1_073_741_824;
/** Addresses with one under way; each has a chunk or two in memory. */
const mostAtOnce = 64;
const mostPerAddress = 2;

export function isPlainFile(vendor: VendorProvisioning | undefined, file: string): boolean {
  return vendor === undefined ? names.test(file) : vendor.isPlainFile(file);
}

export function newPlainFiles(context: Context): (passing: Passing) => Promise<Answer> {
  const running = new Map<string, number>();
  const leave = (ip: string) => {
    const left = (running.get(ip) ?? 1) - 1;
    if (left === 0) running.delete(ip);
    else running.set(ip, left);
  };
  return async (passing) => {
    const { ip } = passing.asker;
    const own = running.get(ip) ?? 0;
    if (running.size >= mostAtOnce || own >= mostPerAddress) return tryLater('busy');
    running.set(ip, own + 1);
    const download = await open(context, passing).catch((error: unknown) => {
      leave(ip);
      throw error;
    });
    if ('chunks' in download) return answerWith(context, passing, { download, onEnd: () => leave(ip) });
    leave(ip);
    return download;
  };
}

async function open(context: Context, passing: Passing): Promise<Download | Answer> {
  const { upstream, request } = passing;
  const { use, host, path } = upstream;
  if (context.reach.isOutage(upstream)) return withoutCloud(passing);
  try {
    const download = await context.download({
      scheme: use === 'first' ? 'http' : 'https',
      host,
      method: 'GET',
      target: path,
      headers: upstreamHeaders(request.headers, host),
      mostBytes,
    });
    context.reach.succeeded(upstream);
    return download;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    if (error.kind === 'client certificate')
      return { ...(await moveBack(context, passing, error.kind)), outcome: 'sent to the cloud' };
    context.counters.upstream_failures += 1;
    if (error.kind === 'refused') return refuseAnswer(context, passing, error.message);
    await noteFailure(context, host, error);
    await context.reach.failed(upstream, error.kind === 'busy' ? 'unreachable' : error.kind);
    return withoutCloud(passing);
  }
}

function withoutCloud({ asker, upstream, vendor }: Passing): Answer {
  const isMissed = vendor?.mayBeMissing(fileOf(upstream), asker.mac) !== true;
  return isMissed ? tryLater('cloud away') : emptyAnswer(404);
}

interface Answering {
  readonly download: Download;
  readonly onEnd: () => void;
}

async function answerWith(
  context: Context,
  passing: Passing,
  { download, onEnd }: Answering,
): Promise<Answer> {
  const { status, length } = download;
  const end = () => {
    download[Symbol.dispose]();
    onEnd();
  };
  const headers = plainHead(context, passing, download);
  if (typeof headers === 'string') {
    end();
    return refuseAnswer(context, passing, headers);
  }
  context.counters.files_passed += 1;
  if (status === 204 || status === 304) {
    end();
    return { ...emptyAnswer(status, headers), outcome: 'file passed' };
  }
  const stream = { length, chunks: download.chunks, [Symbol.dispose]: end };
  return { status, headers, body: new Uint8Array(), stream, outcome: 'file passed' };
}
