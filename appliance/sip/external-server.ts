/**
 * A drachtio server elsewhere in the place of the engine. Its control connection is carried to the application frame by frame: what is
 * no frame, a lost connection or a silent server ends that connection and nothing else, and is followed by the next one.
 */
import { randomUUID } from 'node:crypto';
import { connectTcp, connectUnix, type StreamConnection } from '../net/tcp.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeSipMessage, encodeSipMessage, isRequest, type SipRequest } from '../protocol/sip-message.ts';
import type { World } from '../world.ts';
import { withoutOurs, flowHeader } from './engine/compose.ts';
import { ControlReader, encodeControlFrame, type ControlFrame } from './engine/control-frame.ts';
import { newCounters, type Counters } from './engine/counters.ts';
import type { Engine } from './engine/engine.ts';
import { inboundFlowId, type HostPort, type Transport } from './engine/flow.ts';

export interface ExternalServerOptions {
  /** Path of the Unix socket on which the application listens. */
  readonly control: string;
  /** Where the server takes applications. */
  readonly server: HostPort;
  /** The flow of a request that came over none of a phone's: undefined for what a phone sent. */
  readonly upstreamFlow: (request: SipRequest) => string | undefined;
}

const ms = { connect: 5000, pause: 250, longestPause: 5000, ping: 15_000, silence: 40_000 } as const;

/** What the application takes; a server sends only what it was asked for. */
const verbs =
  'invite register options info message notify publish subscribe refer bye update prack ack cancel';

/** Resolves at once: a server that is not there is waited for, and said to be missing. */
export function startExternalServer(world: World, options: ExternalServerOptions): Engine {
  const log = world.log.child({ part: 'sip', engine: 'external' });
  const counters = newCounters();
  const stop = new AbortController();
  const link = { isReady: false };
  const running = keepConnected({ world: { ...world, log }, options, counters, link, signal: stop.signal });
  return {
    listening: [],
    counters: () => ({ ...counters.read(), control_connected: Number(link.isReady) }),
    trouble: () =>
      link.isReady
        ? undefined
        : `the SIP server at ${options.server.address}:${options.server.port} is not reached, or refuses the secret`,
    // The server has certificates and connections of its own, and tells nobody of their end.
    setIdentity: () => undefined,
    closeFlow: () => undefined,
    onFlowLost: () => ({ [Symbol.dispose]: () => undefined }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

interface Carrying {
  readonly world: World;
  readonly options: ExternalServerOptions;
  readonly counters: Counters;
  readonly link: { isReady: boolean };
  readonly signal: AbortSignal;
}

async function keepConnected(carrying: Carrying): Promise<void> {
  const { world, counters, link, signal } = carrying;
  let pause: number = ms.pause;
  while (!signal.aborted) {
    try {
      pause = (await carryOnce(carrying)) ? ms.pause : Math.min(pause * 2, ms.longestPause);
    } catch (error) {
      pause = Math.min(pause * 2, ms.longestPause);
      world.log.debug({ err: error }, 'SIP server not there');
    }
    link.isReady = false;
    counters.add('control_reconnects');
    await world.clock.sleep(pause, signal).catch(() => undefined);
  }
}

/** Until either side has ended. True when the server took the secret. */
async function carryOnce(carrying: Carrying): Promise<boolean> {
  const { world, options, counters, link, signal } = carrying;
  const server = await connectTcp(options.server, ms.connect);
  let application: StreamConnection;
  try {
    application = await connectUnix(options.control, ms.connect);
  } catch (error) {
    server.destroy();
    throw error;
  }
  const exchange = new Exchange(carrying, { server, application });
  const end = () => {
    server.destroy();
    application.destroy();
  };
  signal.addEventListener('abort', end);
  const closed = Promise.all(
    [server, application].map(
      (side) => new Promise<void>((resolve) => side.onClose(() => (end(), resolve()))),
    ),
  );
  application.onData((chunk) => exchange.fromApplication(chunk));
  server.onData((chunk) => {
    try {
      exchange.fromServer(chunk);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counters.add('control_frames_broken');
      world.log.warn({ reason: error.message }, 'control connection of the SIP server closed');
      end();
    }
  });
  const pings = exchange.keepAsking(end);
  await closed;
  pings.abort();
  signal.removeEventListener('abort', end);
  return link.isReady;
}

interface Sides {
  readonly server: StreamConnection;
  readonly application: StreamConnection;
}

/** One connection to the server and the one to the application that belongs to it. */
class Exchange {
  readonly #carrying: Carrying;
  readonly #sides: Sides;
  readonly #ofServer = new ControlReader();
  readonly #ofApplication = new ControlReader();
  /** Frames of ours, whose answers the application doesn't expect. */
  readonly #own = new Set<string>();
  #authentication: string | undefined;
  #heardAt: number;

  constructor(carrying: Carrying, sides: Sides) {
    this.#carrying = carrying;
    this.#sides = sides;
    this.#heardAt = carrying.world.clock.monotonic();
  }

  /** Its first frame is `authenticate`, with the secret. */
  fromApplication(chunk: Uint8Array): void {
    if (this.#authentication === undefined) {
      const [first] = this.#ofApplication.push(chunk);
      this.#authentication = first?.tokens[0];
    }
    this.#sides.server.write(chunk);
  }

  fromServer(chunk: Uint8Array): void {
    this.#heardAt = this.#carrying.world.clock.monotonic();
    for (const frame of this.#ofServer.push(chunk)) this.#pass(frame);
  }

  /** A server that is there answers. */
  keepAsking(giveUp: () => void): AbortController {
    const stop = new AbortController();
    const { clock } = this.#carrying.world;
    const ask = async () => {
      while (!stop.signal.aborted) {
        await clock.sleep(ms.ping, stop.signal).catch(() => undefined);
        if (stop.signal.aborted) return;
        if (clock.monotonic() - this.#heardAt > ms.silence) giveUp();
        else this.#order('ping');
      }
    };
    void ask();
    return stop;
  }

  #pass(frame: ControlFrame): void {
    const [, kind, of = '', result] = frame.tokens;
    if (kind === 'response' && this.#own.delete(of)) return;
    if (kind === 'response' && of === this.#authentication) this.#authenticated(result === 'OK');
    if (kind === 'response') this.#tell(frame);
    else if (kind === 'sip') this.#message(frame);
    else this.#carrying.counters.add('control_frames_unknown');
  }

  #authenticated(isKnown: boolean): void {
    const { link, world, counters } = this.#carrying;
    link.isReady = isKnown;
    if (!isKnown) {
      counters.add('control_secrets_wrong');
      world.log.error('the SIP server does not take our secret');
      return;
    }
    world.log.info('SIP server connected');
    for (const verb of verbs.split(' ')) this.#order(`route|${verb}`);
  }

  /** What is for this box only is believed from nobody: the flow is worked out here. */
  #message({ tokens, message }: ControlFrame): void {
    const { options, counters } = this.#carrying;
    const [, , source, , transport = '', address = '', port = ''] = tokens;
    try {
      const read = decodeSipMessage(message);
      const headers = [...withoutOurs(read.headers)];
      if (isRequest(read) && source === 'network') {
        const remote = { address: address.replaceAll(/[[\]]/g, ''), port: Number(port) };
        const flow =
          options.upstreamFlow(read) ?? inboundFlowId(transport.toLowerCase() as Transport, remote);
        headers.push({ name: flowHeader, value: flow });
      }
      this.#tell({ tokens, message: encodeSipMessage({ ...read, headers }) });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      counters.add('messages_malformed');
    }
  }

  #order(command: string): void {
    const id = randomUUID();
    this.#own.add(id);
    this.#sides.server.write(
      encodeControlFrame({ tokens: [id, ...command.split('|')], message: new Uint8Array() }),
    );
  }

  #tell(frame: ControlFrame): void {
    this.#sides.application.write(encodeControlFrame(frame));
  }
}
