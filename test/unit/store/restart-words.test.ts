import { expect, it } from 'vitest';
import { restarting } from '../../../appliance/store/restart-words.ts';
import { restartOutcomes, type Restart } from '../../../appliance/store/restarts.ts';
import type { Binding } from '../../../appliance/store/bindings.ts';

const mac = '00:15:65:aa:00:01';
const binding = { userAgent: 'Yealink SIP-T46S 66.86.0.15' } as Binding;
const errand = { kind: 'restart', mac, givenAt: 1000, deadlineAt: 16_000 } as const;
const result = (outcome: Restart['outcome'], status?: number): Restart => ({
  mac,
  givenAt: 1000,
  at: 2000,
  outcome,
  ...(status === undefined ? {} : { status }),
});
const of = (order: Partial<Parameters<typeof restarting>[1]>, now = 3000) =>
  restarting({ mac, binding }, { errand, result: undefined, signs: [], ...order }, now);

it('a restart is confirmed by the next sign of life of the phone, and by none before it accepted (G-68)', () => {
  expect(of({ result: result('accepted'), signs: [500, 1900] }).last?.words).toBe('It accepted the order.');
  expect(of({ result: result('accepted'), signs: [500, 64_000, 45_000] }).last).toEqual({
    givenAt: 1000,
    isOpen: false,
    isGood: true,
    words: 'It accepted the order. It was seen again 43 s later.',
  });
  expect(of({ result: result('refused', 489), signs: [64_000] }).last?.words).not.toContain('seen again');
});

it('an order that nobody began is open until its time is over', () => {
  expect(of({}, 15_000).last).toMatchObject({ isOpen: true, isGood: false });
  expect(of({}, 17_000).last).toMatchObject({
    isOpen: false,
    words: expect.stringContaining('did not run') as string,
  });
});

it('the outcome of an order before says nothing of this one', () => {
  expect(of({ result: { ...result('accepted'), givenAt: 10 } }).last).toMatchObject({
    isOpen: true,
    isGood: false,
  });
});

it('a phone that was asked is waited for, and not for ever', () => {
  expect(of({ result: result('asked') }, 40_000).last?.isOpen).toBe(true);
  expect(of({ result: result('asked') }, 60_000).last?.isOpen).toBe(false);
});

it.each(restartOutcomes)('of "%s" only "accepted" is good, and each has its sentence', (outcome) => {
  const { last } = of({ result: result(outcome) });
  expect(last?.isGood).toBe(outcome === 'accepted');
  expect(last?.words).toMatch(/^[A-Z].*\.$/);
});
