import { expect, it } from 'vitest';
import { requestOutcomes } from '../../../appliance/store/phone-requests.ts';
import { requestWords } from '../../../appliance/store/request-words.ts';

it.each([
  ['passed', 1, 200, /first answer/],
  ['passed', 2, 200, /one-time account/],
  ['passed', 3, 200, /its configuration/],
  ['passed', 1, 403, /User-Agent/],
  ['passed', 3, 403, /refused it$/],
  ['passed', 2, 410, /only once/],
  ['passed', 3, 304, /nothing has changed/],
  ['passed', 1, 404, /normal/],
  ['passed', 1, 502, /error of its own/],
] as const)('"%s" at stage %d with status %j', (...[outcome, stage, status, words]) => {
  expect(requestWords({ outcome, stage, status })).toMatch(words);
});

it('every outcome has words of its own, with the reason where there is one', () => {
  const all = requestOutcomes.map((outcome) =>
    requestWords({ outcome, stage: 1, status: 200, reason: 'because' }),
  );
  expect(new Set(all).size).toBe(requestOutcomes.length);
  expect(all.filter((words) => words.includes('because'))).toHaveLength(3);
});
