/** Requests to the gateway answer its challenges with the site's account there. */
import { isChallenge } from '../../protocol/sip-challenge.ts';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from '../../config/schema.ts';
import { headerLines, headerValue, parseCSeq, splitChallenges } from '../../protocol/sip-headers.ts';
import type { SipHeader } from '../../protocol/sip-message.ts';
import { formatHostPort } from '../../protocol/sip-uri.ts';
import type { Adoption } from '../adoption.ts';
import type { CallTable } from '../call-table.ts';
import { answerChallenge } from '../digest.ts';
import type { Outgoing, Received, Sent, SipServer } from '../srf.ts';
import { gatewayToken, keptUri } from './gateway.ts';

interface Account {
  readonly username: string;
  readonly password: string;
}

interface Judge {
  readonly account: Account;
  /** Request-URI that the gateway is asked for, of requests to it; undefined for all others. */
  uriOf(outgoing: Outgoing): string | undefined;
}

interface Known {
  readonly calls: Pick<CallTable, 'byDialog'>;
  /** Those of the process before us. */
  readonly adoption: Pick<Adoption, 'byDialog'>;
}

/** As the settings say; the password is read once, and the file must be there. */
export function serverWithAccount(server: SipServer, { gateway }: Config, known: Known): SipServer {
  const { username, secret_file: file, host, port } = gateway;
  if (username === undefined || file === undefined || host === undefined) return server;
  const password = readFileSync(file, 'utf8').trim();
  const at = formatHostPort(host, port);
  return withAccount(server, {
    account: { username, password },
    uriOf: ({ dialogId, uri, route }) => {
      if (dialogId === undefined) return route?.startsWith(`sip:${at};`) === true ? uri : undefined;
      return uriInDialog(dialogId, known);
    },
  });
}

/** Undefined: its far end is another one. */
function uriInDialog(dialogId: string, { calls, adoption }: Known): string | undefined {
  const adopted = adoption.byDialog(dialogId);
  if (adopted?.leg === 'cloud' && adopted.kept.token === gatewayToken) return keptUri(adopted.kept);
  const found = calls.byDialog(dialogId);
  const { callee } = found?.call ?? {};
  return found?.leg === 'cloud' && callee?.token === gatewayToken ? callee.contact_uri : undefined;
}

/** `server` with a second try for each request to the gateway that is challenged. */
function withAccount(server: SipServer, judge: Judge): SipServer {
  return {
    ...server,
    send: async (outgoing, listeners) => {
      const uri = judge.uriOf(outgoing);
      if (uri === undefined) return await server.send(outgoing, listeners);
      const onFinal = (final: Received) => {
        if (!isChallenged(final)) listeners?.onFinal?.(final);
      };
      let current = await server.send(outgoing, { ...listeners, onFinal });
      let isCancelled = false;
      const final = current.final.then(async (first) => {
        const credentials = isCancelled
          ? undefined
          : answerTo(first, { outgoing, uri, account: judge.account });
        if (credentials === undefined) return first;
        current = await server.send(repeated(outgoing, credentials), listeners);
        if (isCancelled) current.cancel();
        return await current.final;
      });
      final.catch(() => undefined);
      const cancel: Sent['cancel'] = (headers) => {
        isCancelled = true;
        current.cancel(headers);
      };
      return { localAddress: current.localAddress, final, cancel };
    },
  };
}

function isChallenged(final: Received): boolean {
  return final.localCause === undefined && isChallenge(final);
}

function answerTo(
  first: Received,
  { outgoing, uri, account }: { outgoing: Outgoing; uri: string; account: Account },
): SipHeader | undefined {
  if (!isChallenged(first)) return undefined;
  const name = first.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  const value = answerChallenge(headerLines(first, name).flatMap(splitChallenges), {
    ...account,
    uri,
    method: outgoing.method,
    body: Buffer.from(outgoing.body ?? ''),
    cnonce: randomBytes(8).toString('hex'),
    count: 1,
  });
  if (value === undefined) return undefined;
  return { name: first.status === 401 ? 'Authorization' : 'Proxy-Authorization', value };
}

/** The same request, one number on (RFC 3261 section 22.2); inside a dialog the engine counts. */
function repeated(outgoing: Outgoing, credentials: SipHeader): Outgoing {
  const number = parseCSeq(headerValue(outgoing, 'CSeq') ?? `1 ${outgoing.method}`).number + 1;
  const others = outgoing.headers.filter(({ name }) => name !== 'CSeq');
  const cseq = { name: 'CSeq', value: `${number} ${outgoing.method}` };
  const headers = outgoing.dialogId === undefined ? [...others, cseq, credentials] : [...others, credentials];
  return { ...outgoing, headers };
}
