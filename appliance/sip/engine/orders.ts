/** What an application may want of the engine, however the two are joined. */
import { DecodeError } from '../../protocol/bytes.ts';
import type { SipResponse } from '../../protocol/sip-message.ts';
import type { Logger } from '../../world.ts';
import { refused, type Command, type Outcome } from './core.ts';
import type { Counters } from './counters.ts';
import type { Endpoint } from './transport.ts';

export interface Orders {
  readonly listening: () => readonly Endpoint[];
  /** `reply` is called once, before anything that the network says about the request. */
  readonly send: (command: Command, reply: (outcome: Outcome) => void) => void;
  readonly respond: (transactionId: string, response: SipResponse) => Outcome;
  /** What becomes of an order that could not even be read. */
  readonly refuse: (error: unknown) => Outcome;
}

interface Means {
  readonly listening: Orders['listening'];
  readonly send: (command: Command, reply: (outcome: Outcome) => void) => Promise<void>;
  readonly respond: Orders['respond'];
  readonly log: Logger;
  readonly counters: Counters;
}

/** Nothing that is ordered throws. */
export function newOrders({ listening, send, respond, log, counters }: Means): Orders {
  /** A message that can't be sent is the application's to know; anything else is a mistake of ours and must not end the part. */
  const refuse = (error: unknown): Outcome => {
    if (error instanceof DecodeError || error instanceof TypeError)
      counters.add('application_messages_refused');
    else {
      counters.add('errors');
      log.error({ err: error }, 'a message of the SIP application failed');
    }
    return refused((error as Error).message);
  };
  return {
    listening,
    send: (command, reply) => {
      send(command, reply).catch((error: unknown) => reply(refuse(error)));
    },
    respond: (transactionId, response) => {
      try {
        return respond(transactionId, response);
      } catch (error) {
        return refuse(error);
      }
    },
    refuse,
  };
}
