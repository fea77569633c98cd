/** A SIP end made of unmodified drachtio-srf on our engine, over loopback; gone when the test is over. */
import Srf from 'drachtio-srf';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { listenUnix } from '../../appliance/net/tcp.ts';
import {
  startEngine,
  type Engine,
  type EngineOptions,
  type Transport,
} from '../../appliance/sip/engine/engine.ts';
import { systemClock } from '../../appliance/world.ts';
import { temporaryDirectory } from './directory.ts';

/** What tests use of drachtio-srf, as it is: its own types miss most methods and allow what throws. */
export interface TestMessage {
  readonly method: string;
  readonly status: number;
  readonly body: string;
  readonly protocol: string;
  readonly source_port: number;
  get(name: string): string;
  has(name: string): boolean;
}

export interface TestRequest extends TestMessage {
  on(event: 'response', listener: (response: TestMessage) => void): void;
  on(event: 'cancel', listener: () => void): void;
  cancel(done: () => void): void;
}

export interface TestAnswer {
  send(status: number, options?: { headers?: Record<string, string>; body?: string }): void;
}

export interface TestDialog {
  readonly remote: { readonly sdp: string };
  readonly id: string;
  destroy(): Promise<unknown>;
  modify(sdp: string): Promise<unknown>;
  request(options: { method: string; headers?: Record<string, string>; body?: string }): Promise<TestMessage>;
  on(event: 'destroy' | 'ack', listener: (request: TestRequest, reason: string) => void): void;
  on(event: 'modify' | 'info' | 'update', listener: (request: TestRequest, answer: TestAnswer) => void): void;
}

export interface TestCall {
  readonly localSdp?: string;
  readonly localSdpB?: string;
  readonly proxy?: string;
  readonly headers?: Record<string, string>;
  readonly auth?: { readonly username: string; readonly password: string };
}

export interface TestProgress {
  readonly cbRequest?: (error: unknown, request: TestRequest) => void;
  readonly cbProvisional?: (response: TestMessage) => void;
}

type Handler = (request: TestRequest, answer: TestAnswer) => void;

export interface TestSrf extends Record<
  'register' | 'invite' | 'options' | 'message' | 'subscribe' | 'refer' | 'bye',
  (handler: Handler) => void
> {
  on(event: 'error' | 'connect', listener: (error: unknown) => void): void;
  use(handler: Handler): void;
  listen(options: { server: unknown; secret: string }): void;
  request(uri: string, options: TestCall & { method: string; body?: string }): Promise<TestRequest>;
  createUAC(uri: string, options: TestCall, progress?: TestProgress): Promise<TestDialog>;
  createUAS(request: TestRequest, answer: TestAnswer, options: TestCall): Promise<TestDialog>;
  createB2BUA(
    ...of: [TestRequest, TestAnswer, string, TestCall, TestProgress?]
  ): Promise<{ uas: TestDialog; uac: TestDialog }>;
}

export interface SipEnd {
  readonly srf: TestSrf;
  readonly engine: Engine;
  readonly controlPath: string;
  /** `127.0.0.1:<port of that listener>;transport=<transport>`, to put behind `sip:user@`. */
  at(transport: Transport): string;
  port(transport: Transport): number;
}

export const quietWorld = { log: pino({ level: 'silent' }), clock: systemClock };

export async function startSipEnd(
  transports: readonly Transport[] = ['udp', 'tcp'],
  options: Partial<EngineOptions> = {},
): Promise<SipEnd> {
  const control = `${temporaryDirectory()}/control`;
  const server = await listenUnix(control);
  const srf = new Srf() as unknown as TestSrf;
  srf.on('error', () => undefined);
  srf.listen({ server, secret: 'a secret' });
  const engine = await startEngine(quietWorld, {
    control,
    secret: 'a secret',
    listen: transports.map((transport) => ({ transport, address: '127.0.0.1', port: 0 })),
    trust: undefined,
    ...options,
  });
  onTestFinished(async () => {
    await engine[Symbol.asyncDispose]();
    server.close();
  });
  const port = (transport: Transport) =>
    engine.listening.find((one) => one.transport === transport)?.port ?? 0;
  return {
    srf,
    engine,
    controlPath: control,
    port,
    at: (transport) => `127.0.0.1:${port(transport)};transport=${transport}`,
  };
}

/** Waits for what comes by itself, asking every few milliseconds. */
export async function until(isSo: () => boolean, whatFor: string): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end;) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`waited in vain for ${whatFor}`);
}

/** An offer or an answer that nobody looks into. */
export const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n';

/** The final one. */
export async function answerTo(request: TestRequest): Promise<TestMessage> {
  return await new Promise((resolve) => {
    request.on('response', (response) => {
      if (response.status >= 200) resolve(response);
    });
  });
}
