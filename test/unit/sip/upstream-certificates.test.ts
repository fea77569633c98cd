import { expect, it } from 'vitest';
import { certificateTrouble } from '../../../appliance/sip/upstream-certificates.ts';

const day = 86_400_000;

it.each([
  [8, undefined],
  [6.5, 'ends in 6 days'],
  [1.2, 'ends in a day'],
  [0.5, 'ends within a day'],
  [-1, 'ends within a day'],
])('a certificate with %d days left is trouble: %s', (days, words) => {
  const trouble = certificateTrouble(new Map([['sip.example', 1000 + days * day]]), 1000);
  expect(trouble?.replace(/^.*sip\.example (.*):.*$/, '$1')).toBe(words);
});

it('of several the one that ends first is named; of none nothing is said', () => {
  const ends = new Map([
    ['late.example', 90 * day],
    ['soon.example', 2 * day],
    ['later.example', 5 * day],
  ]);
  expect(certificateTrouble(ends, 0)).toContain('soon.example');
  expect(certificateTrouble(new Map(), 0)).toBeUndefined();
});
