/** A call of the process before this one that is to be changed: from then on it is one of ours, as if we had carried it from its start. */
import { DecodeError } from '../protocol/bytes.ts';
import { parseNameAddress } from '../protocol/sip-headers.ts';
import { formatHostPort } from '../protocol/sip-uri.ts';
import type { BindingRow } from '../store/bindings.ts';
import type { KeptCall } from './adoption.ts';
import type { Application } from './application.ts';
import {
  newCallMedia,
  phoneSide,
  type CallMedia,
  type KeptMedia,
  type LegSide,
  type Sides,
} from './call-media.ts';
import type { LiveCall } from './call-table.ts';
import type { DialogState } from './engine/dialog-state.ts';
import { gatewaySide, gatewayToken, keptCallee } from './gateway/gateway.ts';
import { newRescue } from './help/in-call.ts';
import type { KeptLeg } from './kept-dialogs.ts';
import type { DialogName } from './replaces.ts';
import { standIn } from './stand-in.ts';

/** Undefined when too little is known of it for that: it goes on as it is, and can be hung up. */
export function takeUp(app: Application, id: string): LiveCall | undefined {
  const kept = app.adoption.kept(id);
  if (kept === undefined) return undefined;
  const ends = endsOf(app, kept);
  if (ends === undefined) return undefined;
  const media = mediaOf(app, kept, ends);
  if (media === undefined) return undefined;
  const call = resumed(kept, { ...ends, media });
  app.adoption.handOver(id);
  app.calls.add(call);
  for (const leg of ['phone', 'cloud'] as const) app.calls.setDialog(call, leg, kept.legs[leg].state.id);
  return call;
}

type Ends = Pick<LiveCall, 'binding' | 'callee' | 'rescue'>;

/** Undefined when a phone in it isn't registered any more, or there is no gateway now. */
function endsOf(app: Application, { call: { id }, legs: { phone, cloud } }: KeptCall): Ends | undefined {
  const [binding, callee] = [farEndOf(app, phone), farEndOf(app, cloud)];
  if (binding === undefined || (cloud.token !== undefined && callee === undefined)) return undefined;
  return { binding, callee, rescue: phone.isEmergency ? newRescue(app, id) : undefined };
}

function farEndOf({ bindings, gateway }: Application, kept: KeptLeg): BindingRow | undefined {
  switch (kept.token) {
    case undefined:
      return undefined;
    case gatewayToken:
      return gateway && keptCallee(gateway, kept);
    case '':
      return unregisteredThen(kept);
    default:
      return bindings.byToken(kept.token);
  }
}

/** Whoever has called for help without being signed in. */
function unregisteredThen({ state: { remoteAddress, remoteTarget, flow } }: KeptLeg): BindingRow {
  const { address, port } = flow.remote;
  return standIn({
    aor: parseNameAddress(remoteAddress).uri.replace(/^sips?:/i, ''),
    phone: address,
    contact_uri: remoteTarget,
    source: formatHostPort(address, port),
    transport: flow.transport,
    local_address: flow.local.address,
  });
}

function mediaOf(
  app: Application,
  { call, legs: { phone, cloud } }: KeptCall,
  { binding, callee, rescue }: Ends,
): CallMedia | undefined {
  const kept = keptMedia(phone, cloud);
  if (kept === undefined) return undefined;
  const { site, rtp } = app.config;
  const outside = { address: cloud.state.flow.local.address, isSecure: true, peer: undefined };
  const sides: Sides = {
    phone: phoneSide(site.address, binding),
    cloud: callee === undefined ? { ...outside, networks: rtp.cloud_networks } : sideOf(app, callee),
    rescue,
    kept,
  };
  try {
    return newCallMedia(app.media, call.id, sides);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function sideOf(app: Application, callee: BindingRow): LegSide {
  return callee.token === gatewayToken
    ? gatewaySide(app, callee)
    : phoneSide(app.config.site.address, callee);
}

/** Undefined when the key to what was written down is gone. */
function keptMedia(phone: KeptLeg, cloud: KeptLeg): KeptMedia | undefined {
  const [heardOfPhone, heardOfCloud] = [phone.heard, cloud.heard];
  const [toPhone, toCloud] = [phone.state.description, cloud.state.description];
  if (heardOfPhone === undefined || heardOfCloud === undefined) return undefined;
  if (toPhone === undefined || toCloud === undefined) return undefined;
  return {
    heard: { phone: heardOfPhone, cloud: heardOfCloud },
    told: { phone: toPhone, cloud: toCloud },
  };
}

function resumed({ call, legs }: KeptCall, known: Ends & { readonly media: CallMedia }): LiveCall {
  const { id, direction, from, to, startedAt, answeredAt } = call;
  return {
    ...known,
    id,
    direction,
    from,
    to,
    startedAt,
    answeredAt,
    isLocal: known.callee !== undefined,
    isEmergency: legs.phone.isEmergency,
    help: undefined,
    state: 'up',
    takeBack: undefined,
    ringing: undefined,
    over: Promise.withResolvers<void>(),
    legs: [],
    dialogs: {},
    names: { phone: nameOf(legs.phone.state), cloud: nameOf(legs.cloud.state) },
    owedAcks: {},
    refers: [],
  };
}

function nameOf({ callId, localTag, remoteTag, remoteAddress }: DialogState): DialogName {
  return { callId, ourTag: localTag, theirTag: remoteTag, party: parseNameAddress(remoteAddress).uri };
}
