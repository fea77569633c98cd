/** drachtio-srf and an engine in one process: its requests, responses and handlers, without its control connection. */
import Srf from 'drachtio-srf';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { SipRequest, SipResponse } from '../../../appliance/protocol/sip-message.ts';
import type { Application, Command } from '../../../appliance/sip/engine/core.ts';
import { newCounters } from '../../../appliance/sip/engine/counters.ts';
import { newOrders } from '../../../appliance/sip/engine/orders.ts';
import { joinLibrary } from '../../../appliance/sip/library-agent.ts';
import type { Library, LibraryRequest, LibraryResponse } from '../../../appliance/sip/srf-library.ts';
import { readMessage } from '../../../appliance/sip/srf-library.ts';

const flow = {
  id: 'in:tls:10.0.0.2:40000',
  transport: 'tls',
  local: { address: '10.0.0.1', port: 5061 },
  remote: { address: '10.0.0.2', port: 40_000 },
  isOutbound: false,
  isOpen: true,
  send: () => undefined,
} as const;

const none = new Uint8Array();
const callId = { name: 'Call-ID', value: 'one' };
const request = (method: string): SipRequest => ({
  method,
  uri: 'sip:x@office',
  headers: [callId],
  body: none,
});
const response = (status: number): SipResponse => ({ status, reason: 'x', headers: [callId], body: none });
const turn = async () => new Promise((resolve) => setImmediate(resolve));

/** `handler` is the application; what it orders is kept, and said to be sent. */
function joined(handler: (request: LibraryRequest, response: LibraryResponse) => void) {
  const srf = new Srf() as unknown as Library;
  const sent: Command[] = [];
  const answers: [string, SipResponse][] = [];
  const errors: unknown[] = [];
  const counters = newCounters();
  const orders = newOrders({
    listening: () => [],
    send: async (command, reply) => {
      sent.push(command);
      const { request: message, dialogId } = command;
      reply({ kind: 'sent', message, flow, transactionId: `t${sent.length}`, dialogId });
      await Promise.resolve();
    },
    respond: (transactionId, message) => {
      answers.push([transactionId, message]);
      return { kind: 'sent', message, flow, transactionId, dialogId: 'a dialog' };
    },
    log: pino({ level: 'silent' }),
    counters,
  });
  const engine: Application = joinLibrary(srf, orders, (error) => errors.push(error));
  srf.use(handler);
  const hear = (method: string, transactionId: string) =>
    engine.onRequest({ request: request(method), source: 'network', flow, transactionId, dialogId: '' });
  return { srf, engine, hear, sent, answers, errors, counters };
}

it('what comes is heard in a turn of its own, in order and as it is', async () => {
  const heard: unknown[] = [];
  const { hear } = joined((asked) => {
    const { headers } = readMessage(asked);
    heard.push([asked.source, asked.source_address, asked.source_port, asked.protocol, headers]);
  });
  hear('MESSAGE', 'a');
  hear('MESSAGE', 'b');
  expect(heard).toEqual([]);
  await turn();
  const flowLine = { name: 'X-Gatehouse-Flow', value: flow.id };
  const one = ['network', '10.0.0.2', 40_000, 'tls', [callId, flowLine]];
  expect(heard).toEqual([one, one]);
});

it('an answer goes out at once, and whoever waits for it hears of its dialog when he is done', async () => {
  const told: unknown[] = [];
  const { hear, answers } = joined((_asked, answering) => {
    answering.send(180, 'Ringing', { headers: { 'X-Word': 'y' }, body: 'text' });
    answering.send(200, undefined, {}, (error, sent) =>
      told.push(error, answering.stackDialogId, sent?.given),
    );
    expect(told).toEqual([]);
  });
  hear('INVITE', 'a');
  await turn();
  expect(answers.map(([id, { status, reason }]) => [id, status, reason])).toEqual([
    ['a', 180, 'Ringing'],
    ['a', 200, 'OK'],
  ]);
  expect(answers[0]?.[1].headers).toEqual([{ name: 'X-Word', value: 'y' }]);
  expect(String(Buffer.from(answers[0]?.[1].body ?? none))).toBe('text');
  expect(told).toEqual([null, 'a dialog', answers[1]?.[1]]);
});

it('a CANCEL reaches the INVITE of its transaction, once, and none that was answered', async () => {
  const cancelled: string[] = [];
  const { hear } = joined((asked, answering) => {
    const { stackTxnId = '' } = asked as { stackTxnId?: string };
    asked.on('cancel', () => cancelled.push(stackTxnId));
    if (stackTxnId === 'answered') answering.send(486, undefined, {});
  });
  for (const id of ['a', 'b', 'answered']) hear('INVITE', id);
  await turn();
  for (const id of ['b', 'b', 'answered', 'nobody']) hear('CANCEL', id);
  await turn();
  expect(cancelled).toEqual(['b']);
});

it('a request is sent with all that is asked for, its answers come until the final one, and its ACK goes to the dialog; a fault ends nothing', async () => {
  const heard: LibraryResponse[] = [];
  const { srf, engine, sent, errors } = joined(() => undefined);
  const options = { method: 'INVITE', uri: 'sip:y@cloud', proxy: 'sip:cloud', headers: { Subject: 'z' } };
  srf.request(options, (_error, asked) => {
    asked?.on('response', (answer, ack) => {
      heard.push(answer);
      ack({ body: 'sdp', headers: { 'Content-Type': 'application/sdp' } });
      throw new Error('a fault');
    });
  });
  for (const status of [200, 200])
    engine.onResponse({ response: response(status), flow, transactionId: 't1', dialogId: 'd' });
  await turn();
  expect(heard.map(({ given }) => given)).toEqual([response(200)]);
  expect(errors).toEqual([new Error('a fault')]);
  expect(sent.map(({ request: { method }, route, dialogId }) => [method, route, dialogId])).toEqual([
    ['INVITE', 'sip:cloud', ''],
    ['ACK', '', 'd'],
  ]);
  expect(sent[0]?.request).toMatchObject({ uri: 'sip:y@cloud', headers: [{ name: 'Subject', value: 'z' }] });
  expect(sent[1]?.request.body).toEqual(new Uint8Array(Buffer.from('sdp')));
});

it('what can be no message is refused and counted, and nothing is sent', async () => {
  const refusals: unknown[] = [];
  const { srf, sent, counters } = joined(() => undefined);
  srf.request({ method: 'MESSAGE', uri: 'sip:x\r\nX: y' }, (error) => refusals.push(String(error)));
  await turn();
  expect(refusals).toEqual(['Error: not a start line at byte 0']);
  expect(sent).toEqual([]);
  expect(counters.read()['application_messages_refused']).toBe(1);
});
