/** The site's own gateway to the telephone network: where it is, whether it answers, and what came from it. */
import { systemLookup, type Lookup } from '../../net/tcp.ts';
import type { Config } from '../../config/schema.ts';
import { parseNameAddress } from '../../protocol/sip-headers.ts';
import { formatHostPort } from '../../protocol/sip-uri.ts';
import type { BindingRow } from '../../store/bindings.ts';
import type { World } from '../../world.ts';
import { addressOf, type Application } from '../application.ts';
import type { LegSide } from '../call-media.ts';
import type { KeptLeg } from '../kept-dialogs.ts';
import type { Incoming, SipServer } from '../srf.ts';
import { standIn } from '../stand-in.ts';

export interface Gateway extends AsyncDisposable {
  /** False when it was silent at the last question; before the first one it is thought to be there. */
  readonly isThere: boolean;
  /** Why it is not. */
  readonly trouble: string | undefined;
  /** The way to it. */
  readonly route: string;
  /** As the far end of a call to this number. */
  asCallee(number: string): BindingRow;
  sent(request: Pick<Incoming, 'flow' | 'source'>): boolean;
}

interface Needs {
  readonly world: World;
  readonly server: Pick<SipServer, 'send'>;
  readonly lookup?: Lookup;
  /** It has answered, over a connection that may be another one than before. */
  readonly onAnswer: () => void;
}

/** Token of the far end of its calls: no phone's token looks so. */
export const gatewayToken = 'gateway';
/** Of our connection to it, where it has one. */
export const flowName = 'gateway';

const everyMs = { there: 30_000, away: 5000 } as const;
const answerMs = 4000;

/** Undefined where the settings name none. */
export function openGateway(needs: Needs, config: Config): Gateway | undefined {
  const { host, port, transport } = config.gateway;
  if (host === undefined) return undefined;
  const stop = new AbortController();
  const at = formatHostPort(host, port);
  const route = `sip:${at};transport=${transport}${transport === 'udp' ? '' : `;flow=${flowName}`}`;
  let addresses: readonly string[] = [];
  let trouble: string | undefined;
  const look = async () => {
    addresses = await (needs.lookup ?? systemLookup)(host).catch(() => addresses);
    const before = trouble;
    trouble = await askOptions(needs, { at, route, from: config.site.address });
    if ((before === undefined) !== (trouble === undefined))
      needs.world.log.warn({ gateway: at, trouble }, 'gateway changed');
    if (trouble === undefined) needs.onAnswer();
  };
  const watching = keepAsking(needs.world, stop.signal, async () => {
    await look();
    return trouble === undefined ? everyMs.there : everyMs.away;
  });
  return {
    get isThere() {
      return trouble === undefined;
    },
    get trouble() {
      return trouble;
    },
    route,
    asCallee: (number) => callee({ number, at, source: `${addresses[0] ?? host}:${port}` }, config),
    sent: ({ flow, source }) =>
      flow === flowName || (flow.startsWith('in:') && addresses.includes(addressOf(source))),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await watching;
    },
  };
}

async function keepAsking({ clock }: World, signal: AbortSignal, look: () => Promise<number>): Promise<void> {
  while (!signal.aborted) {
    const restMs = await look();
    await clock.sleep(restMs, signal).catch(() => undefined);
  }
}

/** Whatever it says, it is there. Resolves with the trouble otherwise. */
async function askOptions(
  { world, server }: Needs,
  { at, route, from }: { at: string; route: string; from: string },
): Promise<string | undefined> {
  const stop = new AbortController();
  const asked = async () => {
    const headers = [
      { name: 'From', value: `<sip:gatehouse@${from}>` },
      { name: 'To', value: `<sip:${at}>` },
    ];
    const sent = await server.send({ method: 'OPTIONS', uri: `sip:${at}`, route, headers });
    return (await sent.final).localCause;
  };
  const late = world.clock.sleep(answerMs, stop.signal).then(
    () => 'no answer',
    () => 'stopped',
  );
  try {
    return await Promise.race([asked().catch(() => 'not reached'), late]);
  } finally {
    stop.abort();
  }
}

export function gatewaySide(
  { config }: Pick<Application, 'config'>,
  callee: Pick<BindingRow, 'source'> | undefined,
): LegSide {
  return {
    address: config.site.address,
    isSecure: config.gateway.media === 'srtp',
    peer: callee && addressOf(callee.source),
  };
}

/** What was asked for there, of a call that a process before us placed. */
export function keptUri({ state }: Pick<KeptLeg, 'state'>): string {
  return parseNameAddress(state.remoteAddress).uri;
}

/** The far end of such a call. */
export function keptCallee(gateway: Gateway, kept: Pick<KeptLeg, 'state'>): BindingRow {
  const { address, port } = kept.state.flow.remote;
  return { ...gateway.asCallee(''), contact_uri: keptUri(kept), source: formatHostPort(address, port) };
}

function callee(
  { number, at, source }: { number: string; at: string; source: string },
  { site, gateway }: Config,
): BindingRow {
  return standIn({
    token: gatewayToken,
    aor: `${number}@${gateway.host ?? ''}`,
    phone: addressOf(source),
    flow: flowName,
    contact_uri: `sip:${number}@${at}`,
    source,
    transport: gateway.transport,
    local_address: site.address,
  });
}
