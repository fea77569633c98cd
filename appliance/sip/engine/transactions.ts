/** All transactions that are alive, and to which of them a message belongs (RFC 3261 sections 17.1.3 and 17.2.3). */
import type { Essentials } from '../../protocol/sip-headers.ts';
import { formatHostPort, param } from '../../protocol/sip-uri.ts';
import type { ClientTransaction } from './client-transaction.ts';
import type { Flow } from './flow.ts';
import { InviteServerTransaction, type ServerTransaction } from './server-transaction.ts';

export interface Transactions {
  readonly clients: Map<string, ClientTransaction>;
  readonly servers: Map<string, ServerTransaction>;
}

export function newTransactions(): Transactions {
  return { clients: new Map(), servers: new Map() };
}

/**
 * Ends an old server transaction that only waits for repetitions of a request that was answered, or for the ACK to a refusal, which a
 * flood never sends. False when the oldest ones all wait for the application, or are calls that it took.
 */
export function makeRoom({ servers }: Transactions): boolean {
  for (const transaction of servers.values().take(100)) {
    const isOver =
      transaction instanceof InviteServerTransaction ? transaction.isRefused : transaction.isAnswered;
    if (!isOver) continue;
    transaction.abandon();
    return true;
  }
  return false;
}

/** For a request of ours and for its responses. */
export function clientKey({ via, cseq }: Essentials): string {
  return `${param(via.params, 'branch') ?? ''} ${cseq.method}`;
}

/**
 * For a request from the network; ACK and CANCEL have that of their INVITE. The peer's address is part of it, so that nobody cancels
 * or repeats for another. A branch without the magic cookie, or with nothing behind it, says nothing: then the old rules of RFC 2543 hold.
 */
export function serverKey({ via, cseq, callId, fromTag }: Essentials, flow: Flow): string {
  const method = cseq.method === 'ACK' || cseq.method === 'CANCEL' ? 'INVITE' : cseq.method;
  const branch = param(via.params, 'branch') ?? '';
  const sender = `${formatHostPort(via.host, via.port)} ${flow.transport} ${flow.remote.address}`;
  if (/^z9hg4bk./i.test(branch)) return `${branch} ${method} ${sender}`;
  return `${callId} ${cseq.number} ${fromTag ?? ''} ${method} ${sender}`;
}

/** Only who was asked may answer: the same connection, or any host over UDP, which has no more than the branch to go by. */
export function mayAnswer(transaction: ClientTransaction, flow: Flow): boolean {
  if (transaction.flow.transport !== flow.transport) return false;
  return flow.transport === 'udp' || transaction.flow.id === flow.id;
}
