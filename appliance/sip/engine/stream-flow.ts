/** A flow over TCP or TLS: messages cut out of the stream, keep-alives answered and sent (RFC 5626 section 3.5.1), idlers closed. */
import type { SipSyntaxError } from '../../protocol/sip-message.ts';
import { SipStream } from '../../protocol/sip-stream.ts';
import type { StreamConnection } from '../../net/tcp.ts';
import type { Counters } from './counters.ts';
import type { Flow, Transport, Witness } from './flow.ts';
import type { Timer, TimerQueue } from './timers.ts';

export interface FlowEvents {
  readonly onMessage: (bytes: Uint8Array, flow: Flow) => void;
  /** The stream can't be followed any more; it is closed when this returns. */
  readonly onBroken: (bytes: Uint8Array, flow: Flow, error: SipSyntaxError) => void;
  /** For whatever reason, once. */
  readonly onClosed: (flow: StreamFlow) => void;
}

export interface StreamFlow extends Flow {
  /** Asked for by us: not reported as lost. */
  readonly isDropped: boolean;
  drop(): void;
}

export interface StreamFlowStart {
  readonly id: string;
  readonly transport: Transport;
  readonly isOutbound: boolean;
  readonly connection: StreamConnection;
  readonly timers: TimerQueue;
  readonly counters: Counters;
  readonly witness?: Witness | undefined;
}

/** Milliseconds, but for what is queued: bytes. */
const limits = {
  /** A peer that has begun a message ends it in this time. */
  message: 30_000,
  /** A new inbound connection says something in this time. */
  first: 60_000,
  /** An inbound connection says something in this time: phones register anew far more often. */
  idle: 3_600_000,
  /** Soon after the connection is open, to learn whether the server answers pings. */
  firstPing: 1000,
  ping: 25_000,
  /** A server that has said nothing for so long after a request is asked whether it is there. */
  answer: 3000,
  /** Section 4.4.1. */
  pong: 10_000,
  queuedBytes: 4_194_304,
  /** Whoever has so much to read gets no pong on top: a peer that only pings would fill our memory with them. */
  queuedForPong: 4096,
  /** Empty lines within `flood`; a ping is two, and phones send one in fifteen seconds at most. */
  emptyLines: 200,
  flood: 10_000,
} as const;

const crlf = Buffer.from('\r\n');
const ping = Buffer.from('\r\n\r\n');

export function startStreamFlow(start: StreamFlowStart, events: FlowEvents): StreamFlow {
  const { connection, counters } = start;
  const stream = new SipStream();
  let isDropped = false;
  let received = 0;
  const watch = start.isOutbound ? watchServer(start) : watchClient(start, stream);
  const giveUp = (counter: string) => {
    counters.add(counter);
    connection.destroy();
  };
  const flow: StreamFlow = {
    id: start.id,
    transport: start.transport,
    isOutbound: start.isOutbound,
    remote: connection.remote,
    local: connection.local,
    get isOpen() {
      return connection.isOpen;
    },
    get isDropped() {
      return isDropped;
    },
    get received() {
      return received;
    },
    expectAnswer: () => watch.onRequest(),
    fail: () => giveUp('flows_closed_silent'),
    send: (bytes) => {
      if (connection.queuedBytes > limits.queuedBytes) giveUp('flows_closed_not_reading');
      else {
        start.witness?.('sent', bytes, flow);
        connection.write(bytes);
      }
    },
    drop: () => {
      isDropped = true;
      connection.end();
    },
  };
  connection.onData((chunk) => {
    for (const frame of stream.push(chunk)) {
      received += 1;
      if (!watch.onFrame(frame.kind)) return;
      if (frame.kind === 'message') {
        start.witness?.('received', frame.bytes, flow);
        events.onMessage(frame.bytes, flow);
      } else if (frame.kind === 'broken') {
        counters.add('streams_broken');
        events.onBroken(frame.bytes, flow, frame.error);
        connection.end();
      }
    }
    watch.onData();
  });
  connection.onClose(() => {
    watch.stop();
    events.onClosed(flow);
  });
  return flow;
}

interface Watch {
  /** False: the connection was closed, and what else came over it is not looked at. */
  onFrame(kind: string): boolean;
  onData(): void;
  /** A request of ours was sent. */
  onRequest(): void;
  stop(): void;
}

/** The peer opened the connection: it pings, and must not sit on it in silence. */
function watchClient({ connection, timers, counters }: StreamFlowStart, stream: SipStream): Watch {
  let emptyLines = 0;
  let emptyLately = 0;
  let silence = timers.after(limits.first, close);
  let unfinished: Timer | undefined;
  let lately: Timer | undefined;
  function close() {
    counters.add('flows_closed_idle');
    connection.destroy();
  }
  const mayPing = () => {
    lately ??= timers.after(limits.flood, () => {
      lately = undefined;
      emptyLately = 0;
    });
    emptyLately += 1;
    return emptyLately <= limits.emptyLines;
  };
  return {
    onFrame: (kind) => {
      unfinished?.cancel();
      unfinished = undefined;
      emptyLines = kind === 'empty-line' ? emptyLines + 1 : 0;
      if (kind === 'empty-line' && !mayPing()) {
        counters.add('flows_closed_flooding');
        connection.destroy();
        return false;
      }
      if (emptyLines === 2) {
        emptyLines = 0;
        if (connection.queuedBytes < limits.queuedForPong) connection.write(crlf);
      }
      return true;
    },
    onData: () => {
      silence.cancel();
      silence = timers.after(limits.idle, close);
      if (stream.pendingBytes > 0) unfinished ??= timers.after(limits.message, close);
    },
    onRequest: () => undefined,
    stop: () => {
      silence.cancel();
      unfinished?.cancel();
      lately?.cancel();
    },
  };
}

/** We opened the connection: it is kept alive, and lost when a server that answered pings before doesn't any more. */
function watchServer({ connection, timers, counters }: StreamFlowStart): Watch {
  let answersPings = false;
  let overdue: Timer | undefined;
  let unanswered: Timer | undefined;
  let next = timers.after(limits.firstPing, keepAlive);
  function keepAlive() {
    sendPing();
    next = timers.after(limits.ping, keepAlive);
  }
  function sendPing() {
    connection.write(ping);
    if (!answersPings) return;
    overdue ??= timers.after(limits.pong, () => {
      counters.add('flows_closed_no_pong');
      connection.destroy();
    });
  }
  return {
    onFrame: (kind) => {
      if (kind === 'empty-line') answersPings = true;
      return true;
    },
    onData: () => {
      overdue?.cancel();
      overdue = undefined;
      unanswered?.cancel();
      unanswered = undefined;
    },
    onRequest: () => {
      if (answersPings) unanswered ??= timers.after(limits.answer, sendPing);
    },
    stop: () => {
      next.cancel();
      overdue?.cancel();
      unanswered?.cancel();
    },
  };
}
