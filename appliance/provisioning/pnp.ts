/**
 * SIP plug and play, for networks whose DHCP can't name the box: answers phones of known makes, and watches who else does. The
 * socket is bound to the group itself, so that it and the SIP engine never take each other's packets.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { newTokenBucket, takeToken } from '../net/token-bucket.ts';
import { newTokenBuckets } from '../net/token-buckets.ts';
import { openUdp, type Endpoint, type UdpPort } from '../net/udp.ts';
import { boxUrl, provisioningUrl } from '../phones/url.ts';
import { recognisePhone, vendorName, vendors, type RecognisedPhone } from '../phones/vendors.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeSipMessage } from '../protocol/sip-message.ts';
import {
  pnpAnswers,
  pnpGroup,
  pnpOffer,
  pnpProbe,
  pnpSubscribe,
  type PnpSubscribe,
} from '../protocol/sip-pnp.ts';
import type { Store } from '../store/store.ts';
import type { TaskView } from '../store/task-view.ts';
import type { World } from '../world.ts';

export interface PnpCounters {
  pnp_answered: number;
  pnp_ignored: number;
  pnp_rivals: number;
}

interface Needs {
  readonly world: World;
  readonly config: Config;
  readonly store: Pick<Store, 'write'>;
  readonly tasks: Pick<TaskView, 'isBypassed'>;
  readonly counters: PnpCounters;
  /** The box's plain port as it listens. */
  readonly httpPort: () => number;
  /** In place of 5060, for tests. */
  readonly port?: number;
}

/** A phone asks a few times at boot; the answers are three times as long as the question. */
const rate = { burst: 6, perSecond: 0.1 };
const siteRate = { burst: 200, perSecond: 20 };
/** Questions under made-up addresses are answered at that rate, and must not fill the journal. */
const tellRate = { burst: 100, perSecond: 0.5 };
const watchEveryMs = 600_000;
/** Anybody on the wire can answer our question as often as he likes. */
const rivalRate = { burst: 3, perSecond: 0.01 };
const rivalSiteRate = { burst: 10, perSecond: 0.1 };

/** Undefined when the settings want neither answers nor a watch. */
export async function startPnp(needs: Needs): Promise<AsyncDisposable | undefined> {
  const { config, world } = needs;
  const { pnp } = config.provisioning;
  if (pnp === 'off') return undefined;
  await using opening = new AsyncDisposableStack();
  const { address } = config.site;
  const port = needs.port ?? pnpGroup.port;
  if (pnp === 'answer')
    answer(needs, opening.use(await openUdp({ group: pnpGroup.address, port, on: address })));
  const stop = new AbortController();
  const probe = opening.use(await openUdp({ address, port: 0, sendsToGroups: true }));
  const watching = watch(needs, probe, { to: { address: pnpGroup.address, port }, signal: stop.signal });
  world.log.info({ pnp }, 'SIP plug and play');
  const running = opening.move();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
      await running[Symbol.asyncDispose]();
    },
  };
}

function answer(needs: Needs, socket: UdpPort): void {
  const { world, config, counters } = needs;
  const senders = newTokenBuckets(rate);
  const site = newTokenBucket(siteRate);
  const told = newTokenBucket(tellRate);
  socket.onError((error) => world.log.warn({ error: error.message }, 'plug and play answer not sent'));
  socket.onDatagram((bytes, from) => {
    // Our own watch.
    if (from.address === config.site.address) return;
    const now = world.clock.now();
    const asked = read(bytes);
    const phone = asked && phoneOf(asked);
    const isAway = asked?.mac !== undefined && needs.tasks.isBypassed(asked.mac);
    if (
      asked === undefined ||
      phone === undefined ||
      isAway ||
      !senders.take(from.address, now) ||
      !takeToken(site, now)
    ) {
      counters.pnp_ignored += 1;
      return;
    }
    const isTold = takeToken(told, now);
    void give(needs, socket, { asked, phone, from, isTold }).catch((error: unknown) => {
      world.log.error({ error: String(error) }, 'plug and play answer not recorded');
    });
  });
}

interface Asked {
  readonly asked: PnpSubscribe;
  readonly phone: RecognisedPhone;
  readonly from: Endpoint;
  /** In the journal. */
  readonly isTold: boolean;
}

async function give(
  { config, store, counters, httpPort }: Needs,
  socket: UdpPort,
  { asked, phone, from, isTold }: Asked,
): Promise<void> {
  const { site } = config;
  const url = provisioningUrl({
    ...phone,
    base: boxUrl(site.address, httpPort()),
    tenantId: site.tenant_id,
    language: site.language,
  });
  const local = `${site.address}:${socket.address().port}`;
  const body = { vendor: phone.vendor, model: phone.model, ip: from.address };
  if (isTold) await store.write((tx) => tx.journal({ kind: 'pnp_answered', mac: asked.mac, body }));
  counters.pnp_answered += 1;
  for (const bytes of pnpAnswers(asked, { local, tag: randomBytes(8).toString('hex'), url }))
    socket.post(bytes, from);
}

/** What is no question of a phone is nobody's concern: the group is open to all. */
function read(bytes: Uint8Array): PnpSubscribe | undefined {
  try {
    return pnpSubscribe(decodeSipMessage(bytes));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** By OUI or User-Agent, else by the maker's name as the phone says it. */
function phoneOf({ mac, vendor, model, userAgent }: PnpSubscribe): RecognisedPhone | undefined {
  const evidence = {
    ...(mac === undefined ? {} : { mac }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
  const found = recognisePhone(evidence);
  if (found !== undefined) return found;
  const said = vendor?.toLowerCase();
  const known = vendors.find((one) => one === said || vendorName(one).toLowerCase() === said);
  return (
    known && { vendor: known, kind: 'phone', ...(model === undefined ? {} : { model: model.slice(0, 64) }) }
  );
}

/** Asks as a phone would, and tells who answers. Never rejects. */
async function watch(
  { world, config, store, counters }: Needs,
  socket: UdpPort,
  { to, signal }: { to: Endpoint; signal: AbortSignal },
): Promise<void> {
  let tag = '';
  const rivals = newTokenBuckets(rivalRate);
  const site = newTokenBucket(rivalSiteRate);
  socket.onError((error) => world.log.debug({ error: error.message }, 'plug and play question not sent'));
  socket.onDatagram((bytes, from) => {
    const url = offerIn(bytes, tag);
    if (url === undefined || from.address === config.site.address) return;
    const now = world.clock.now();
    if (!rivals.take(from.address, now) || !takeToken(site, now)) {
      counters.pnp_ignored += 1;
      return;
    }
    counters.pnp_rivals += 1;
    world.log.warn({ ip: from.address, url }, 'somebody else answers phones');
    void store
      .write((tx) => tx.journal({ kind: 'pnp_rival', body: { ip: from.address, url } }))
      .catch((error: unknown) => {
        world.log.error({ error: String(error) }, 'rival not recorded');
      });
  });
  while (!signal.aborted) {
    tag = randomBytes(8).toString('hex');
    const local = `${config.site.address}:${socket.address().port}`;
    socket.post(pnpProbe({ local, tag, mac: '02:00:5e:00:53:00' }), to);
    await world.clock.sleep(watchEveryMs, signal).catch(() => undefined);
  }
}

function offerIn(bytes: Uint8Array, tag: string): string | undefined {
  try {
    return pnpOffer(decodeSipMessage(bytes), tag);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
