/** Requests out through drachtio-srf, and what comes back for them: every wait is bounded. */
import { headerValue } from '../protocol/sip-headers.ts';
import type { TimerQueue } from './engine/timers.ts';
import { callIdOf, contentFor, cseqOf, engineMs, headerObject, inTime, readMessage } from './srf-library.ts';
import type { Library, LibraryRequest, LibraryResponse, OnRequest } from './srf-library.ts';
import type { Listeners, Outgoing, Received, Sent } from './srf.ts';

/**
 * The engine answers for a silent far end after 32 s, and for one that has not said for 5 min that it still rings: these only catch an
 * engine that forgot.
 */
const finalMs = { INVITE: 400_000, other: 45_000 };
/** Outside a dialog the engine may have to find and open a connection first, which it gives up after 15 s. */
const openingMs = 20_000;

export interface Way {
  readonly timers: TimerQueue;
  readonly srf: Pick<Library, 'request'>;
  /** An UPDATE that comes while a request waits for its answer; the library shows it nowhere else. */
  readonly onUpdate?: OnRequest;
}

/** Rejects when the engine refuses the request as malformed. */
export async function send(
  { timers, srf, onUpdate }: Way,
  outgoing: Outgoing,
  listeners: Listeners,
): Promise<Sent> {
  const { method, dialogId } = outgoing;
  const answered = Promise.withResolvers<Received>();
  const asked = new Promise<LibraryRequest>((resolve, reject) => {
    srf.request(optionsFor(outgoing), (error, request) => {
      if (request === undefined) {
        reject(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      // Here and not after the promise: an answer may be in the same piece of the engine's connection, and is told at once.
      const restart = boundWait(timers, { method, request, answered });
      const onProvisional = (response: Received) => {
        restart();
        listeners.onProvisional?.(response);
      };
      listen(request, { ...listeners, onProvisional }, answered);
      if (onUpdate !== undefined) request.on('update', onUpdate);
      listeners.onSent?.(callIdOf(request), cseqOf(request));
      resolve(request);
    });
  });
  // Whoever sent may look at it later, or never: an answer that doesn't come must not end the process.
  answered.promise.catch(() => undefined);
  const sendingMs = dialogId === undefined ? openingMs : engineMs;
  const request = await inTime(timers, asked, { ms: sendingMs, what: `${method} to be sent` });
  return {
    localAddress: request.source_address,
    final: answered.promise,
    cancel: (cancelHeaders = []) => request.cancel({ headers: headerObject(cancelHeaders) }),
  };
}

/** Gives what begins the wait anew. When it is over an INVITE is taken back: nobody would hear of its answer. */
function boundWait(
  timers: TimerQueue,
  {
    method,
    request,
    answered,
  }: { method: string; request: LibraryRequest; answered: PromiseWithResolvers<Received> },
): () => void {
  const ms = method === 'INVITE' ? finalMs.INVITE : finalMs.other;
  const begin = () =>
    timers.after(ms, () => {
      answered.reject(new Error(`waited ${ms} ms in vain for the answer to ${method}`));
      if (method === 'INVITE') request.cancel({ headers: {} });
    });
  let wait = begin();
  const stop = () => wait.cancel();
  answered.promise.then(stop, stop);
  return () => {
    wait.cancel();
    wait = begin();
  };
}

function optionsFor({ method, uri, route, dialogId, headers, body }: Outgoing): Record<string, unknown> {
  return {
    method,
    // Inside a dialog the engine puts the far end's Contact there; the library insists on something.
    uri: uri ?? 'sip:placeholder',
    ...(route === undefined ? {} : { proxy: route }),
    ...(dialogId === undefined ? {} : { stackDialogId: dialogId }),
    ...contentFor(headers, body),
  };
}

function listen(
  request: LibraryRequest,
  { onProvisional, onFinal }: Listeners,
  answered: PromiseWithResolvers<Received>,
): void {
  request.on('response', (response, ack) => {
    // What is thrown here would be thrown into the library, which then closes the engine's connection.
    try {
      const answer = received(response, ack);
      if (answer.status < 200) onProvisional?.(answer);
      else {
        onFinal?.(answer);
        answered.resolve(answer);
      }
    } catch (error) {
      answered.reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function received(response: LibraryResponse, ack: (options?: object) => void): Received {
  const message = readMessage(response);
  if ('method' in message) throw new TypeError('the engine gave a request for a response');
  return {
    status: message.status,
    reason: message.reason,
    headers: message.headers,
    body: message.body,
    dialogId: response.stackDialogId === '' ? undefined : response.stackDialogId,
    localCause: headerValue(message, 'X-Gatehouse-Local'),
    ack: (content) => {
      if (content === undefined) ack();
      else ack({ body: content.text, headers: { 'Content-Type': content.type } });
    },
  };
}
