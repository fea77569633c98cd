/**
 * The answer to a HEAD. What a GET would get only the cloud can say, and asking it would spend a one-time path: so a HEAD
 * never goes up, and says no more than what is known here.
 */
import type { HttpAnswer, HttpRequest } from '../net/http-server.ts';
import { isBound } from './answers.ts';
import { emptyAnswer, type Context } from './context.ts';
import type { Upstream } from './hosts.ts';
import type { Asker } from './identify.ts';
import type { VendorProvisioning } from './vendor-files.ts';

interface Heading {
  readonly request: HttpRequest;
  readonly asker: Asker;
  readonly vendor: VendorProvisioning | undefined;
  readonly upstream: Upstream;
  readonly file: string;
  readonly isBypassed: boolean;
}

/** 200, without a length (RFC 9110, 9.3.2), for our overlay and for what this phone was given before. */
export function headAnswer({ answers }: Pick<Context, 'answers'>, asked: Heading): HttpAnswer {
  const { asker, upstream } = asked;
  const isHere = asked.request.isSecure
    ? isGiven(answers.find({ mac: asker.mac, host: upstream.host, path: upstream.path }), asker)
    : isOverlay(asked);
  return isHere ? { ...emptyAnswer(200), length: 'unknown' } : emptyAnswer(404);
}

function isGiven(kept: ReturnType<Context['answers']['find']>, asker: Asker): boolean {
  return kept?.status === 200 && isBound(asker, kept);
}

function isOverlay({ asker, vendor, upstream, file, isBypassed }: Heading): boolean {
  return (
    vendor?.trustsAuthority === true &&
    !isBypassed &&
    upstream.use === 'first' &&
    vendor.bootstrapTemplate(file, asker.mac) !== undefined
  );
}
