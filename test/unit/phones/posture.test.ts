import { expect, test } from 'vitest';
import { postureFor, type PostureRule } from '../../../appliance/phones/posture.ts';

const mac = '80:5e:c0:12:34:56';
const phone = { mac, vendor: 'yealink', model: 'T46S' };
const full = { posture: 'full' } as const;
const provision = { posture: 'provision' } as const;

test.each<[string, PostureRule[], string]>([
  ['no rule: the site', [], 'assist'],
  ['its vendor', [{ ...full, vendor: 'yealink' }], 'full'],
  ['another vendor', [{ ...full, vendor: 'poly' }], 'assist'],
  ['its model, in any case', [{ ...full, model: 't46s' }], 'full'],
  ['its model of another vendor', [{ ...full, vendor: 'poly', model: 'T46S' }], 'assist'],
  [
    'a model before its vendor',
    [
      { ...full, model: 'T46S' },
      { ...provision, vendor: 'yealink' },
    ],
    'full',
  ],
  [
    'the phone before its model',
    [
      { ...full, mac: '80-5E-C0-12-34-56' },
      { ...provision, model: 'T46S' },
    ],
    'full',
  ],
  [
    'of two alike the later',
    [
      { ...full, vendor: 'yealink' },
      { ...provision, vendor: 'yealink' },
    ],
    'provision',
  ],
  ['a rule that names nothing is for all', [provision], 'provision'],
])('%s', (_, rules, posture) => {
  expect(postureFor(rules, phone, 'assist')).toBe(posture);
});
