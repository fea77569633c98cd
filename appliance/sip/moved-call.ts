/** A call whose address of ours toward the cloud is gone: its far end is told of the one that is there now, or both ends that it is over. */
import { ownAddresses } from '../net/card.ts';
import { parseSdp } from '../protocol/sdp.ts';
import { reopen } from './adopted-call.ts';
import { upstreamRoute, type Application } from './application.ts';
import { readBody, sdpType } from './body.ts';
import { hangUp, sendBye } from './call-end.ts';
import { recordDialogs } from './call-record.ts';
import type { LiveCall } from './call-table.ts';
import { retryAfterMs } from './engine/retry-after.ts';
import { isNewsToPhone } from './phone-news.ts';
import type { Received } from './srf.ts';

export type Moved =
  | { readonly kind: 'moved' }
  /** It may be tried later. */
  | { readonly kind: 'again'; readonly afterMs: number; readonly why: string }
  /** `gone`: the far end knows no such call. */
  | { readonly kind: 'refused' | 'gone'; readonly why: string };

/** The phone hears of it only where the far end has changed something else. Rejects when the relay has no ports, or the dialog is busy. */
export async function moveCall(app: Application, call: LiveCall): Promise<Moved> {
  const { engine } = app.server;
  const dialogId = call.dialogs.cloud ?? '';
  const told = engine.dialogState?.(dialogId)?.description;
  if (told === undefined) return again('its description is not known');
  const address = await wayOut(app, call, dialogId);
  if (address === undefined) return again('no connection to the registrar');
  const description = await call.media.moveCloud(address, told);
  if (call.state !== 'up') return { kind: 'gone', why: 'it has ended' };
  // Only its Contact is another one, which is told as when a connection is made anew.
  if (description === undefined) {
    engine.announceDialog?.(dialogId);
    return { kind: 'moved' };
  }
  return await answered(app, call, await offer(app, dialogId, description));
}

/** Our address on the connection that the call's dialog goes on over, made anew where it must be. */
async function wayOut(app: Application, call: LiveCall, dialogId: string): Promise<string | undefined> {
  const { engine } = app.server;
  const open = engine.relocateDialog?.(dialogId);
  const flow = engine.dialogState?.(dialogId)?.flow.id;
  if (open !== undefined || flow === undefined) return ours(open);
  const { registrar } = call.binding;
  try {
    const sent = await app.server.send({
      method: 'OPTIONS',
      uri: `sip:${registrar}`,
      route: upstreamRoute(app, { registrar, flow }),
      headers: [],
    });
    sent.final.catch(() => undefined);
  } catch (error) {
    app.world.log.debug({ err: error, call: call.id }, 'registrar not reached from another address');
    return undefined;
  }
  return ours(engine.relocateDialog?.(dialogId));
}

/** A connection outlives its address, and nothing comes over it. */
function ours(address: string | undefined): string | undefined {
  return address !== undefined && ownAddresses().has(address) ? address : undefined;
}

async function answered(app: Application, call: LiveCall, final: Received): Promise<Moved> {
  const { status, reason } = final;
  if (status >= 200 && status <= 299) {
    final.ack();
    const { sdp } = readBody(final);
    if (sdp !== undefined && call.state === 'up')
      await tellPhone(app, call, await call.media.relay('cloud', sdp));
    recordDialogs(app, call);
    return { kind: 'moved' };
  }
  const why = `${status} ${reason}`;
  if (status === 481) return { kind: 'gone', why };
  if (status === 491) return { kind: 'again', afterMs: glareMs(call), why };
  const isOfTheMoment = [408, 430, 500, 503, 504].includes(status);
  return isOfTheMoment ? again(why, retryAfterMs(final)) : { kind: 'refused', why };
}

const againMs = { least: 1000, most: 10_000 } as const;

function again(why: string, afterMs = 0): Moved {
  return { kind: 'again', afterMs: Math.min(Math.max(afterMs, againMs.least), againMs.most), why };
}

/** A far end that makes a new key for each answer would not be understood any more. What the phone then says is taken as it is. */
async function tellPhone(app: Application, call: LiveCall, now: string): Promise<void> {
  const dialogId = call.dialogs.phone ?? '';
  const told = app.server.engine.dialogState?.(dialogId)?.description;
  const said = call.media.heard('phone');
  if (told === undefined || said === undefined) return;
  if (!isNewsToPhone(parseSdp(told), parseSdp(now), parseSdp(said))) return;
  try {
    const final = await offer(app, dialogId, now);
    if (final.status > 299) throw new Error(`${final.status} ${final.reason}`);
    final.ack();
    const { sdp } = readBody(final);
    if (sdp !== undefined && call.state === 'up') await call.media.relay('phone', sdp);
  } catch (error) {
    app.world.log.warn({ err: error, call: call.id }, 'a phone did not take what its far end changed');
  }
}

async function offer(app: Application, dialogId: string, body: string): Promise<Received> {
  const headers = [{ name: 'Content-Type', value: sdpType }];
  const sent = await app.server.send({ method: 'INVITE', dialogId, headers, body });
  return await sent.final;
}

/** RFC 3261 section 14.1: whoever made the Call-ID waits longer. */
function glareMs({ direction }: LiveCall): number {
  return direction === 'outbound' ? 2100 + Math.random() * 1900 : Math.random() * 2000;
}

/**
 * The far end is told over a new connection: on the old one, which went with the address, nothing arrives, and the kernel would go on
 * trying for minutes.
 */
export async function hangUpMoved(app: Application, call: LiveCall): Promise<void> {
  const reason = 'address changed';
  const headers = [{ name: 'Reason', value: `SIP;cause=408;text="${reason}"` }];
  const { cloud } = call.dialogs;
  const endOutside = async () => {
    if (!call.isLocal) await renew(app, call.binding.flow);
    await sendBye(app, cloud, headers);
  };
  await Promise.all([hangUp(app, call, { reason, legs: ['phone'], headers }), endOutside()]);
}

async function renew(app: Application, flow: string): Promise<void> {
  const { engine } = app.server;
  const own = ownAddresses();
  const gone = app.bindings.byFlow(flow).filter(({ local_address: address }) => !own.has(address));
  if (gone.length === 0) return;
  for (const { local_address: address } of gone)
    for (const dead of engine.flowsAt?.(address) ?? []) if (dead.id === flow) dead.fail?.();
  await reopen(app, flow);
}
