/** One request of a phone, from its line to its answer: who asks, for what, and who has to answer it. */
import type { HttpAnswer, HttpRequest } from '../net/http-server.ts';
import {
  readBootstraps,
  readPhoneConfiguration,
  resetBootstraps,
  savePhoneConfiguration,
} from '../store/phone-configurations.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import { emptyAnswer, textAnswer, tryLater, type Answer, type Context } from './context.ts';
import { headerValue } from './headers.ts';
import { noteOffer, withFirmware } from './firmware-overlay.ts';
import { noteFirmware, type SeenFirmware } from './firmware-seen.ts';
import { fileOf, routeOf, type Upstream } from './hosts.ts';
import { identify, type Asker } from './identify.ts';
import { newAdmission } from './admission.ts';
import { renderFor } from './overlay.ts';
import { postureNow, toCloud } from './move-back.ts';
import { newPassage } from './passage.ts';
import type { BootstrapValues } from './template-values.ts';
import type { VendorProvisioning } from './vendor-files.ts';

/** After so many overlays without a return over HTTPS the phone does not take our authority. */
const mostBootstraps = 6;

/** The returned function rejects only where we are wrong. */
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
  const pass = newPassage(context);
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
    const local = methodAnswer(request, vendor);
    if (local) return local;
    const file = fileOf(route);
    if (vendor?.isNotAsked(file)) return emptyAnswer(404);
    const { posture, movedBack } = await postureNow(context, asker);
    if (movedBack === 'client certificate' && route.use === 'later') return toCloud(route);
    const isBypassed = posture === 'assist' || context.tasks.isBypassed(asker.mac);
    const firmware = isBypassed || !seen ? undefined : await context.firmware.offerFor(seen, vendor);
    const passing = { request, asker, vendor, upstream: route, isBypassed, firmware, posture };
    if (request.isSecure) {
      await noteTrust(context, asker);
      return pass({ ...passing, box: isBypassed ? undefined : context.origins().https });
    }
    const inClear = await clearAnswer(context, { ...passing, file });
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
  return textAnswer('application/x-pem-file', context.overlayValues().ca_pem);
}

/** Only a GET may reach the cloud: anything else has no meaning there, and a HEAD would spend a one-time path. */
function methodAnswer(request: HttpRequest, vendor: VendorProvisioning | undefined): HttpAnswer | undefined {
  if (request.method === 'GET') return undefined;
  if (request.method === 'HEAD') return emptyAnswer(404);
  // Poly's logs and directories: taken, so that the phone does not try again, and thrown away.
  if (request.method === 'PUT' && vendor?.takesUploads) return emptyAnswer(200);
  return emptyAnswer(405, [['Allow', 'GET, HEAD']]);
}

async function noteTrust(context: Context, { mac }: Asker): Promise<void> {
  if (readBootstraps(context.store.db, mac) === 0) return;
  await context.store.write((tx) => {
    resetBootstraps(tx.db, mac);
  });
}

interface InClear {
  readonly asker: Asker;
  readonly vendor: VendorProvisioning | undefined;
  readonly upstream: Upstream;
  readonly file: string;
  readonly isBypassed: boolean;
  /** What the phone is offered. */
  readonly firmware: FirmwareFile | undefined;
}

/** A phone that can be made to trust us gets nothing but that in clear; the others go on as they would without us. */
async function clearAnswer(context: Context, asked: InClear): Promise<Answer | 'pass' | 'refused'> {
  const { asker, vendor, upstream, isBypassed } = asked;
  if (!vendor?.trustsAuthority || isBypassed) {
    const isAllowed = upstream.use === 'first' || context.provisioning.allow_cleartext.includes(asker.vendor);
    return isAllowed ? 'pass' : 'refused';
  }
  if (upstream.use === 'later') return 'refused';
  if (readBootstraps(context.store.db, asker.mac) >= mostBootstraps) return goDirect(context, asker);
  const template = vendor.bootstrapTemplate(asked.file, asker.mac);
  if (template === undefined) return emptyAnswer(404);
  // The overlay would take the place of what a signed-in phone has, and lead to nothing.
  if (!(await context.reach.answers(upstream))) return tryLater('cloud away');
  return bootstrap(context, { ...asked, vendor }, template);
}

function goDirect({ world }: Context, { mac, vendor }: Asker): 'pass' {
  world.log.warn({ mac, vendor }, 'phone does not take our authority, it goes on without us');
  return 'pass';
}

async function bootstrap(
  context: Context,
  { asker, vendor, upstream, firmware: offered }: InClear & { readonly vendor: VendorProvisioning },
  template: string,
): Promise<Answer> {
  const path = upstream.host === context.hosts.region ? upstream.path : `/${upstream.host}${upstream.path}`;
  const plainPath = path.split(/[?#]/)[0] ?? '/';
  const values: BootstrapValues = {
    ...context.overlayValues(asker),
    file_url: `${context.origins().https}${path}`,
    directory_url: `${context.origins().https}${plainPath.slice(0, plainPath.lastIndexOf('/') + 1)}`,
  };
  const onRefused = (name: string, error: unknown) => context.vendors.refuse(asker.vendor, name, error);
  const own = renderFor(vendor, template, { values, onRefused }) ?? '';
  const body = withFirmware(context, vendor, { body: own, file: offered });
  const { mac, ip, model, firmware, userAgent } = asker;
  const before = readPhoneConfiguration(context.store.db, mac);
  const isLast = readBootstraps(context.store.db, mac) + 1 === mostBootstraps;
  await context.store.write((tx) => {
    savePhoneConfiguration(tx.db, {
      ...before,
      mac,
      ip,
      vendor: asker.vendor,
      ...(model === undefined ? {} : { model }),
      ...(firmware === undefined ? {} : { firmware }),
      userAgent,
      stage: 0,
      at: context.world.clock.now(),
      status: 200,
    });
    if (body !== own) noteOffer(context, tx, { mac, file: offered });
    tx.journal({ kind: 'overlay_given', mac, body: { vendor: asker.vendor, model, ip } });
    if (isLast) tx.journal({ kind: 'authority_not_taken', mac, body: { vendor: asker.vendor, model, ip } });
  });
  context.counters.overlays_given += 1;
  context.world.log.info({ mac, vendor: asker.vendor, ip }, 'overlay given');
  const type = vendor.format === 'yealink' || vendor.format === 'audiocodes' ? 'text/plain' : 'text/xml';
  return { ...textAnswer(type, body), outcome: 'overlay given' };
}
