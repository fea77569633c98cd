/** What we use of drachtio-srf: its own types miss most of it and allow what throws. */
import { decodeSipHead, SipSyntaxError, type SipHead, type SipHeader } from '../protocol/sip-message.ts';
import type { TimerQueue } from './engine/timers.ts';

/** How long the engine may take to say what became of an order. */
export const engineMs = 5000;

export interface Library {
  on(event: 'error', listener: (error: unknown) => void): void;
  use(handler: (request: LibraryRequest, response: LibraryResponse) => void): void;
  listen(options: { server: unknown; secret: string }): void;
  /** `sent` is called once, and what the far end says may follow before anything else runs. */
  request(options: Record<string, unknown>, sent: (error: unknown, request?: LibraryRequest) => void): void;
}

export interface LibraryMessage {
  readonly raw: string;
  readonly source: 'network' | 'application';
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackDialogId?: string;
}

export interface LibraryRequest extends LibraryMessage {
  on(event: 'cancel', listener: (cancel: { raw?: string }) => void): void;
  on(event: 'response', listener: (response: LibraryResponse, ack: (options?: object) => void) => void): void;
  cancel(options: { headers: Record<string, string> }): void;
}

export interface LibraryResponse extends LibraryMessage {
  readonly msg?: object;
  send(
    status: number,
    reason: string | undefined,
    options: object,
    callback?: (error: unknown, sent?: { raw: string }) => void,
  ): void;
}

/** The library takes one value a name: repeated lines are joined by a comma, and split again by the engine. */
export function headerObject(headers: readonly SipHeader[]): Record<string, string> {
  const object: Record<string, string> = {};
  for (const { name, value } of headers) {
    const clean = value.replaceAll(/[\0\r\n]+[ \t]*/g, ' ').trim();
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
