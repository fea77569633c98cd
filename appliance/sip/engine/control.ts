/**
 * drachtio's control protocol, server side, in reverse mode: the application listens, we connect and keep the one connection. It speaks first, with `authenticate`; until the secret was right nothing else is obeyed.
 */
import { timingSafeEqual, createHash } from 'node:crypto';
import { DecodeError } from '../../protocol/bytes.ts';
import { isRequest } from '../../protocol/sip-message.ts';
import { formatHostPort } from '../../protocol/sip-uri.ts';
import { connectUnix, type StreamConnection } from '../../net/tcp.ts';
import type { Clock, Logger } from '../../world.ts';
import { flowHeader } from './compose.ts';
import { ControlReader, encodeControlFrame, type ControlFrame } from './control-frame.ts';
import { describe, parseControlMessage } from './control-message.ts';
import type { Application, Outcome, RequestEvent, ResponseEvent } from './core.ts';
import type { Counters } from './counters.ts';
import type { Orders } from './orders.ts';

/** drachtio-srf looks for at least v0.8.2. */
const version = 'v0.9.9-gatehouse';
const none = new Uint8Array();

export interface ControlOptions {
  /** Of the Unix socket on which the application listens. */
  readonly path: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: Counters;
}

export class Control implements Application, AsyncDisposable {
  readonly #options: ControlOptions;
  readonly #orders: Orders;
  readonly #stop = new AbortController();
  #connection: StreamConnection | undefined;
  readonly #refused = new WeakSet<StreamConnection>();
  #isReady = false;
  #frames = 0;
  /** Frames for the end of this turn. */
  readonly #told: Uint8Array[] = [];

  constructor(options: ControlOptions, orders: Orders) {
    this.#options = options;
    this.#orders = orders;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Rejects when the application isn't there, or doesn't know the secret, within `timeoutMs`. Afterwards it connects again by itself. */
  async start(timeoutMs: number): Promise<void> {
    const { path, log } = this.#options;
    let connection: StreamConnection;
    try {
      connection = await connectUnix(path, timeoutMs);
    } catch (error) {
      throw new Error(`cannot reach the SIP application at ${path}`, { cause: error });
    }
    const closed = this.#serve(connection);
    const isKnown = await Promise.race([this.#authenticated(timeoutMs), closed.then(() => false)]);
    if (!isKnown) {
      connection.destroy();
      throw new Error(`the SIP application at ${path} did not give the right secret`);
    }
    log.debug({ path }, 'SIP application connected');
    void this.#keep(closed);
  }

  onRequest({ request, source, flow, transactionId, dialogId }: RequestEvent): void {
    const marked =
      source === 'network' ? [...request.headers, { name: flowHeader, value: flow.id }] : request.headers;
    const { tokens, bytes } = describe({ ...request, headers: marked }, flow, 'remote');
    const receivedOn = [flow.local.address, String(flow.local.port)];
    this.#tell(['sip', source, ...tokens, transactionId, dialogId, ...receivedOn], bytes);
  }

  onResponse({ response, flow, transactionId, dialogId }: ResponseEvent): void {
    const { tokens, bytes } = describe(response, flow, 'remote');
    this.#tell(['sip', 'network', ...tokens, transactionId, dialogId, ''], bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#connection?.destroy();
    await Promise.resolve();
  }

  async #keep(firstClosed: Promise<void>): Promise<void> {
    const { path, clock, log, counters } = this.#options;
    await firstClosed;
    let pauseMs = 50;
    while (!this.#stop.signal.aborted) {
      counters.add('control_reconnects');
      try {
        await clock.sleep(pauseMs, this.#stop.signal);
        const connection = await connectUnix(path, 5000);
        if (this.#stop.signal.aborted) connection.destroy();
        const known = counters.read()['control_secrets_right'];
        await this.#serve(connection);
        pauseMs = counters.read()['control_secrets_right'] === known ? Math.min(pauseMs * 2, 2000) : 50;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.debug({ err: error }, 'SIP application not there');
        pauseMs = Math.min(pauseMs * 2, 2000);
      }
    }
  }

  /** Resolves when the connection has ended. */
  async #serve(connection: StreamConnection): Promise<void> {
    const { counters, log } = this.#options;
    const reader = new ControlReader();
    this.#connection = connection;
    connection.onData((chunk) => {
      try {
        for (const frame of reader.push(chunk)) {
          // What was refused is not made good by what comes after it.
          if (this.#refused.has(connection)) return;
          this.#obey(frame);
        }
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        counters.add('control_frames_broken');
        log.warn({ reason: error.message }, 'control connection closed');
        connection.destroy();
      }
    });
    await new Promise<void>((resolve) => {
      connection.onClose(() => resolve());
    });
    if (this.#connection === connection) {
      this.#connection = undefined;
      this.#isReady = false;
    }
  }

  async #authenticated(timeoutMs: number): Promise<boolean> {
    const { clock } = this.#options;
    const end = clock.monotonic() + timeoutMs;
    while (!this.#isReady && clock.monotonic() < end) await clock.sleep(5, this.#stop.signal);
    return this.#isReady;
  }

  #obey({ tokens, message }: ControlFrame): void {
    const [id = '', verb = '', ...rest] = tokens;
    if (verb === 'authenticate') this.#authenticate(id, rest[0] ?? '');
    else if (!this.#isReady) {
      this.#options.counters.add('control_commands_refused');
      this.#turnAway(id, 'not authenticated');
    } else if (verb === 'ping') this.#answer(id, ['OK', 'pong']);
    // Every request goes to the one application: there is nothing to route.
    else if (verb === 'remove_route' || (verb === 'route' && !rest[0]?.startsWith('cdr:')))
      this.#answer(id, ['OK']);
    else if (verb === 'sip') this.#sip(id, rest, message);
    else this.#answer(id, ['NOK', `not supported: ${verb.replaceAll(/[^\w:-]/g, '')}`]);
  }

  #turnAway(id: string, reason: string): void {
    this.#answer(id, ['NO', reason]);
    if (this.#connection === undefined) return;
    this.#refused.add(this.#connection);
    this.#connection.end();
  }

  #authenticate(id: string, secret: string): void {
    if (!timingSafeEqual(digest(secret), digest(this.#options.secret))) {
      this.#options.counters.add('control_secrets_wrong');
      this.#isReady = false;
      this.#turnAway(id, 'incorrect secret');
      return;
    }
    this.#isReady = true;
    this.#options.counters.add('control_secrets_right');
    const ports = this.#orders
      .listening()
      .map(({ transport, address, port }) => `${transport}/${formatHostPort(address, port)}`)
      .join(',');
    this.#answer(id, ['OK', ports, version, ports]);
  }

  #sip(
    id: string,
    [transactionId = '', dialogId = '', route = '']: readonly string[],
    bytes: Uint8Array,
  ): void {
    const reply = (outcome: Outcome) => this.#reply(id, outcome);
    try {
      const message = parseControlMessage(bytes);
      if (isRequest(message)) this.#orders.send({ request: message, transactionId, dialogId, route }, reply);
      else reply(this.#orders.respond(transactionId, message));
    } catch (error) {
      reply(this.#orders.refuse(error));
    }
  }

  #reply(id: string, outcome: Outcome): void {
    if (outcome.kind === 'refused') {
      this.#answer(id, ['NOK', outcome.reason.replaceAll(/[|\r\n]/g, ' ')]);
      return;
    }
    const { message, flow, transactionId, dialogId } = outcome;
    // drachtio names our own end for a request, and the peer's for a response.
    const { tokens, bytes } = describe(message, flow, isRequest(message) ? 'local' : 'remote');
    const ids = isRequest(message) ? [transactionId] : [transactionId, dialogId, ''];
    this.#answer(id, ['OK', 'application', ...tokens, ...ids, 'Msg sent:', ''], bytes);
  }

  #answer(id: string, tokens: readonly string[], message: Uint8Array = none): void {
    this.#send(['response', id, ...tokens], message);
  }

  /**
   * A turn later than our reply to a request: drachtio-srf settles `await srf.request(…)` only after all frames that it read at once,
   * and a response among them would find nobody who listens.
   */
  #tell(tokens: readonly string[], message: Uint8Array): void {
    if (this.#told.length === 0) setImmediate(() => this.#flush());
    this.#told.push(this.#frame(tokens, message));
  }

  #flush(): void {
    const frames = Buffer.concat(this.#told.splice(0));
    this.#connection?.write(frames);
  }

  #send(tokens: readonly string[], message: Uint8Array): void {
    this.#connection?.write(this.#frame(tokens, message));
  }

  /** Its id is ours to choose; on one connection each is another. */
  #frame(tokens: readonly string[], message: Uint8Array): Uint8Array {
    this.#frames += 1;
    return encodeControlFrame({ tokens: [String(this.#frames), ...tokens], message });
  }
}

/** Of equal length whatever the secret's, as the comparison wants them. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
