import { expect, it } from 'vitest';
import { newNames } from '../../../appliance/sip/engine/names.ts';
import { TimerQueue } from '../../../appliance/sip/engine/timers.ts';
import { fakeClock } from '../../support/clock.ts';

type Answer = readonly string[] | Error | 'silence';

function newService() {
  const clock = fakeClock();
  const timers = new TimerQueue(clock, (error) => {
    throw error;
  });
  const service = { answer: ['10.0.0.1'] as Answer, questions: 0, speak: (_late: readonly string[]) => {} };
  const names = newNames(async () => {
    service.questions += 1;
    const { answer } = service;
    if (answer instanceof Error) throw answer;
    if (answer !== 'silence') return answer;
    return await new Promise((resolve) => (service.speak = resolve));
  }, timers);
  return { clock, service, names };
}

it('a name is asked anew each time, so that a server that moved is found', async () => {
  const { service, names } = newService();
  expect(await names('a.example')).toEqual(['10.0.0.1']);
  service.answer = ['10.0.0.2'];
  expect(await names('a.example')).toEqual(['10.0.0.2']);
});

it.each([['silence'], [new Error('no such name')]] as [Answer][])(
  'what was known before is used when the name service answers with %s',
  async (answer) => {
    const { clock, service, names } = newService();
    await names('a.example');
    service.answer = answer;
    const found = names('a.example');
    await clock.advance(3100);
    expect(await found).toEqual(['10.0.0.1']);
  },
);

it('a name that was never known fails after three seconds of silence', async () => {
  const { clock, service, names } = newService();
  service.answer = 'silence';
  const asked = Promise.allSettled([names('a.example')]);
  await clock.advance(3100);
  expect(await asked).toMatchObject([
    { status: 'rejected', reason: { message: 'no answer from the name service within 3000 ms' } },
  ]);
});

it('many who wait are one question, and a late answer serves the next', async () => {
  const { clock, service, names } = newService();
  service.answer = 'silence';
  const all = Promise.allSettled([names('a.example'), names('a.example'), names('a.example')]);
  await clock.advance(3100);
  expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(service.questions).toBe(1);
  const waiting = names('a.example');
  expect(service.questions).toBe(1);
  service.speak(['10.0.0.3']);
  expect(await waiting).toEqual(['10.0.0.3']);
});
