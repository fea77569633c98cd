import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { TimerQueue } from '../../../appliance/sip/engine/timers.ts';
import { send } from '../../../appliance/sip/srf-send.ts';
import type { Library, LibraryResponse } from '../../../appliance/sip/srf-library.ts';
import { fakeClock } from '../../support/clock.ts';

const message = {
  source: 'network',
  source_address: '10.0.0.1',
  source_port: 5060,
  protocol: 'udp',
} as const;

const response = (line: string): LibraryResponse => ({
  ...message,
  raw: `SIP/2.0 ${line}\r\nContent-Length: 0\r\n\r\n`,
  send: () => undefined,
});

/** As the library does it when both come in one piece of its connection: sent, and answered, in one go. */
function answeringAtOnce(...lines: string[]): Pick<Library, 'request'> {
  return {
    request: (_options, sent) => {
      const events = new EventEmitter();
      const request = Object.assign(events, { ...message, raw: '', cancel: () => undefined });
      sent(null, request);
      for (const line of lines) events.emit('response', response(line), () => undefined);
    },
  };
}

const invite = { method: 'INVITE', uri: 'sip:x@office', headers: [] };
const clock = fakeClock();
const timers = new TimerQueue(clock, () => undefined);

it('answers that come with the news that the request was sent are heard', async () => {
  const provisional: number[] = [];
  const listeners = { onProvisional: ({ status }: { status: number }) => void provisional.push(status) };
  const srf = answeringAtOnce('180 Ringing', '200 OK');
  const { final } = await send({ timers, srf }, invite, listeners);
  expect(await final).toMatchObject({ status: 200, reason: 'OK' });
  expect(provisional).toEqual([180]);
});

it('a request that the engine refuses is an error, and so is an answer that can’t be read', async () => {
  const refusing = {
    request: (_options: unknown, sent: (error: unknown) => void) => sent('bad header Subject'),
  };
  await expect(send({ timers, srf: refusing }, invite, {})).rejects.toThrow('bad header Subject');
  const { final } = await send({ timers, srf: answeringAtOnce('nonsense') }, invite, {});
  await expect(final).rejects.toThrow('not a start line');
});

it('a call may ring for as long as the far end says that it does, and is taken back when nothing more is heard of it', async () => {
  const events = new EventEmitter();
  let cancelled = 0;
  const request = Object.assign(events, { ...message, raw: '', cancel: () => (cancelled += 1) });
  const srf: Pick<Library, 'request'> = { request: (_options, sent) => sent(null, request) };
  const { final } = await send({ timers, srf }, invite, {});
  const outcome = final.then(
    () => 'answered',
    (error: unknown) => (error as Error).message,
  );
  for (let minute = 0; minute < 10; minute += 1) {
    events.emit('response', response('180 Ringing'), () => undefined);
    await clock.advance(60_000);
  }
  expect(cancelled).toBe(0);
  await clock.advance(400_000);
  expect(await outcome).toBe('waited 400000 ms in vain for the answer to INVITE');
  expect(cancelled).toBe(1);
});
