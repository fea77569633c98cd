/** What we use of drachtio-srf: its own types miss most of it and allow what throws. */
import {
  decodeSipHead,
  SipSyntaxError,
  type SipHead,
  type SipHeader,
  type SipMessage,
} from '../protocol/sip-message.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import type { TimerQueue } from './engine/timers.ts';

/** How long the engine may take to say what became of an order. */
export const engineMs = 5000;

export interface Library {
  on(event: 'error', listener: (error: unknown) => void): void;
  use(handler: OnRequest): void;
  listen(options: { server: unknown; secret: string }): void;
  /** `sent` is called once, and what the far end says may follow before anything else runs. */
  request(options: Record<string, unknown>, sent: OnSent): void;
  /** What hands a request to the handlers, and asks the library's agent. */
  readonly app: OnRequest & {
    request(uri: string, options: Record<string, unknown>, sent: OnSent): void;
  };
}

type OnSent = (error: unknown, request?: LibraryRequest) => void;

export type OnRequest = (request: LibraryRequest, response: LibraryResponse) => void;

/** As the library itself has read it, or as an engine in this process has it. */
export interface LibraryText {
  readonly raw?: string;
  readonly given?: SipMessage;
}

/** What a message of the application is made of. */
export interface LibraryContent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LibraryMessage extends LibraryText {
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackDialogId?: string;
}

export interface LibraryRequest extends LibraryMessage {
  on(event: 'cancel', listener: (cancel: LibraryText) => void): void;
  on(event: 'update', listener: OnRequest): void;
  on(event: 'response', listener: (response: LibraryResponse, ack: (options?: object) => void) => void): void;
  cancel(options: { headers: Record<string, string> }): void;
}

export interface LibraryResponse extends LibraryMessage {
  readonly msg?: object;
  send(
    status: number,
    reason: string | undefined,
    options: object,
    callback?: (error: unknown, sent?: LibraryText) => void,
  ): void;
}

const noWords = () => '';

/** What the library is given of a message. It would put all of it into words for a log that nobody reads. */
export function contentFor(
  headers: readonly SipHeader[],
  body: string | undefined,
): LibraryContent & { toJSON(): string } {
  return { headers: headerObject(headers), ...(body === undefined ? {} : { body }), toJSON: noWords };
}

const decoder = new TextDecoder();

const isBroken = /[\0\r\n]/;

/** The library takes one value a name: repeated lines are joined by a comma, and split again by the engine. */
export function headerObject(headers: readonly SipHeader[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (const { name, value } of headers) {
    const clean = (isBroken.test(value) ? value.replaceAll(/[\0\r\n]+[ \t]*/g, ' ') : value).trim();
    const before = object[name];
    object[name] = before === undefined ? clean : `${before},${clean}`;
  }
  return object;
}

/** A message as the library has it from the engine, whose frames end where the body ends. Throws SipSyntaxError. */
export function readRaw(raw: string): SipHead & { readonly body: string } {
  const end = raw.indexOf('\r\n\r\n');
  if (end === -1) throw new SipSyntaxError('no empty line after the header', raw.length);
  return { ...decodeSipHead(raw.slice(0, end)), body: raw.slice(end + 4) };
}

/** A message that came through the library. Throws SipSyntaxError. */
export function readMessage({ raw = '', given }: LibraryText): SipHead & { readonly body: string } {
  if (given === undefined) return readRaw(raw);
  return { ...given, body: given.body.length === 0 ? '' : decoder.decode(given.body) };
}

/** Empty when it has none that can be found. */
export function callIdOf({ raw = '', given }: LibraryText): string {
  const found = given === undefined ? /^call-id:[ \t]*(\S+)/im.exec(raw)?.[1] : headerValue(given, 'Call-ID');
  return found ?? '';
}

/** 0 when it has none that can be found. */
export function cseqOf({ raw = '', given }: LibraryText): number {
  const value = given === undefined ? /^cseq:[ \t]*(\d{1,10})/im.exec(raw)?.[1] : headerValue(given, 'CSeq');
  return Number.parseInt(value ?? '0', 10);
}

/** Rejects when `work` takes longer than `ms`. */
export async function inTime<T>(
  timers: TimerQueue,
  work: Promise<T>,
  { ms, what }: { ms: number; what: string },
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = timers.after(ms, () => late.reject(new Error(`waited ${ms} ms in vain for ${what}`)));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}

/** Undefined when `work` takes longer than `ms`. */
export async function within<T>(
  timers: Pick<TimerQueue, 'after'>,
  work: Promise<T>,
  ms: number,
): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = timers.after(ms, () => late.resolve(undefined));
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}
