/** One request of a phone, from its line to its answer: who asks, for what, and who has to answer it. */
import type { HttpAnswer, HttpRequest } from '../net/http-server.ts';
import { readPhoneConfiguration } from '../store/phone-configurations.ts';
import { clearAnswer, noteTrust } from './bootstrap.ts';
import { emptyAnswer, textAnswer, tryLater, type Answer, type Context } from './context.ts';
import { headAnswer } from './head-answer.ts';
import { headerValue } from './headers.ts';
import { noteFirmware, type SeenFirmware } from './firmware-seen.ts';
import { fileOf, routeOf, type Upstream } from './hosts.ts';
import { identify, type Asker } from './identify.ts';
import { newAdmission } from './admission.ts';
import { postureNow, toCloud } from './move-back.ts';
import { newPassage } from './passage.ts';
import { isPlainFile, newPlainFiles } from './plain-file.ts';
import { newUploads } from './uploads.ts';

/** The returned function rejects where we are wrong, and with a RequestBodyError. */
export function newExchange(context: Context): (request: HttpRequest) => Promise<Answer> {
  const { counters } = context;
  const mayAsk = admissionOf(context);
  const answerPhone = newPhoneExchange(context);
  const refuse = newRefusal(context);

  return async (request) => {
    counters.requests += 1;
    const route = routeOf(request.target, context.hosts);
    if (route.kind === 'authority') return authorityAnswer(context, request);
    if (route.kind === 'firmware') return context.firmware.answer(request, route.name);
    if (route.kind === 'bad') {
      counters.requests_refused += 1;
      return emptyAnswer(400);
    }
    const userAgent = headerValue(request.headers, 'user-agent');
    const identity = identify({ ip: request.remoteAddress, path: route.path, userAgent }, context.leases);
    if (!mayAsk(request.remoteAddress, identity)) return emptyAnswer(429, [['Retry-After', '60']]);
    if (identity.kind === 'unknown') {
      counters.requests_unknown += 1;
      return emptyAnswer(404);
    }
    if (identity.kind === 'refused') {
      const { mac, reason } = identity;
      const answer = await refuse(request, reason, mac);
      if (mac !== undefined)
        context.requests.note({ request, mac, upstream: route, answer, isForeign: true });
      return answer;
    }
    const { asker } = identity;
    const answer = await answerPhone(request, asker, route);
    context.requests.note({ request, mac: asker.mac, upstream: route, answer });
    return answer;
  };
}

type Refusal = (request: HttpRequest, reason: string, mac?: string) => Promise<Answer>;

function newRefusal({ counters, store, world }: Context): Refusal {
  return async (request, reason, mac) => {
    counters.requests_refused += 1;
    world.log.warn({ ip: request.remoteAddress, mac, reason }, 'request refused');
    await store.write((tx) => {
      tx.journal({ kind: 'request_refused', mac, body: { ip: request.remoteAddress, reason } });
    });
    return { ...emptyAnswer(403), outcome: 'refused', reason };
  };
}

/** For a phone that was told from all others. */
function newPhoneExchange(context: Context) {
  const passConfiguration = newPassage(context);
  const passFile = newPlainFiles(context);
  const takeUpload = newUploads(context);
  const refuse = newRefusal(context);
  return async (request: HttpRequest, asker: Asker, route: Upstream): Promise<Answer> => {
    // A first stage has no secret in its path, and every phone of a vendor may ask for the same one.
    const owner = route.use === 'later' ? context.answers.ownerOf(route) : undefined;
    if (owner !== undefined && owner !== asker.mac) return refuse(request, "another phone's path", asker.mac);
    const vendor = context.vendors.get(asker.vendor);
    const seen = await seeFirmware(context, asker, route);
    if (seen?.phone.heldAt !== undefined && route.use === 'first' && request.method === 'GET') {
      context.counters.requests_held += 1;
      return tryLater('held');
    }
    const file = fileOf(route);
    if (request.method === 'PUT' && vendor?.takesUploads === true)
      return takeUpload({ request, asker, upstream: route, file });
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return emptyAnswer(405, [['Allow', 'GET, HEAD']]);
    if (vendor?.isNotAsked(file)) return emptyAnswer(404);
    const { posture, movedBack } = await postureNow(context, asker);
    if (movedBack === 'client certificate' && route.use === 'later') return toCloud(route);
    const isBypassed = posture === 'assist' || context.tasks.isBypassed(asker.mac);
    if (request.method === 'HEAD')
      return headAnswer(context, { request, asker, vendor, upstream: route, file, isBypassed });
    const firmware = isBypassed || !seen ? undefined : await context.firmware.offerFor(seen, vendor);
    const pass = isPlainFile(vendor, file) ? passFile : passConfiguration;
    const passing = { request, asker, vendor, upstream: route, isBypassed, firmware, posture };
    if (request.isSecure) {
      await noteTrust(context, asker);
      return pass({ ...passing, box: isBypassed ? undefined : context.origins().https });
    }
    const inClear = await clearAnswer(context, { ...passing, file, localAddress: request.localAddress });
    if (inClear === 'refused') return refuse(request, 'later stage in clear', asker.mac);
    if (inClear !== 'pass') return inClear;
    const isLed = !isBypassed && context.provisioning.allow_cleartext.includes(asker.vendor);
    return pass({ ...passing, box: isLed ? context.origins().http : undefined });
  };
}

async function seeFirmware(
  context: Context,
  asker: Asker,
  { path }: Upstream,
): Promise<SeenFirmware | undefined> {
  const { vendor } = asker;
  if (vendor === 'other') return undefined;
  return noteFirmware(context, { ...asker, vendor }, path.split(/[?#]/)[0] ?? '');
}

function admissionOf({ store, world }: Context): ReturnType<typeof newAdmission> {
  const isKnown = (ip: string, mac: string) => readPhoneConfiguration(store.db, mac)?.ip === ip;
  return newAdmission({ clock: world.clock, isKnown });
}

function authorityAnswer(context: Context, request: HttpRequest): HttpAnswer {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return emptyAnswer(405, [['Allow', 'GET, HEAD']]);
  return textAnswer('application/x-pem-file', context.authorityAt(request.localAddress));
}
