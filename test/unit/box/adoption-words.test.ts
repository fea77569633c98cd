import { expect, it } from 'vitest';
import { adoptionWords } from '../../../appliance/box/ask.ts';

it('phones are put into a wave by their MACs, and a wave is moved by its number', () => {
  const phones = '001565AA0001 00:15:65:aa:00:02';
  expect(adoptionWords({ how: 'plan', wave: 3, phones })).toEqual([
    'adopt',
    'plan',
    '3',
    '00:15:65:aa:00:01',
    '00:15:65:aa:00:02',
  ]);
  expect(adoptionWords({ how: 'undo', wave: 3 })).toEqual(['adopt', 'undo', '3']);
});

it.each([
  [{ how: 'list', wave: 1 }],
  [{ how: 'plan', wave: 1 }],
  [{ how: 'plan', wave: 1, phones: '' }],
  [{ how: 'plan', wave: 1, phones: '00:15:65:aa:00:01 --config' }],
  [{ how: 'start', wave: '1' }],
  [{ how: 'start', wave: 1.5 }],
  [{ how: 'start', wave: 0 }],
  [{ how: 'start', wave: 1, phones: '00:15:65:aa:00:01' }],
])('%j is no order', (words) => {
  expect(adoptionWords(words)).toBeUndefined();
});
