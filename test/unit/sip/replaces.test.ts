import { expect, it } from 'vitest';
import {
  nameAsCallee,
  nameAsCaller,
  translatedHeaders,
  translatedReferTo,
  translatedReplaces,
} from '../../../appliance/sip/replaces.ts';

const names = {
  phone: { callId: 'p', ourTag: 'box', theirTag: 'phone' },
  cloud: { callId: 'c', ourTag: 'up', theirTag: 'far' },
};

it.each([
  ['from the phone', 'phone', 'p;to-tag=box;from-tag=phone', 'c;to-tag=far;from-tag=up'],
  [
    'in another order',
    'phone',
    'p; from-tag=phone ;to-tag=box;early-only',
    'c;to-tag=far;from-tag=up;early-only',
  ],
] as [string, 'phone', string, string][])('Replaces %s names the other leg', (...[, leg, before, after]) => {
  expect(translatedReplaces(before, leg, [{ names }])).toBe(after);
});

it('Replaces from the cloud names the leg of the phone, and Refer-To the same escaped', () => {
  expect(translatedReplaces('c;to-tag=up;from-tag=far', 'cloud', [{ names }])).toBe(
    'p;to-tag=phone;from-tag=box',
  );
  const value = '<sip:x@y?Replaces=c%3Bto-tag%3Dup%3Bfrom-tag%3Dfar&Require=replaces>';
  expect(translatedReferTo(value, 'cloud', [{ names }])).toBe(
    '<sip:x@y?Replaces=p%3Bto-tag%3Dphone%3Bfrom-tag%3Dbox&Require=replaces>',
  );
});

it('Join (RFC 3911) is translated as Replaces is, as a field and in Refer-To', () => {
  const [join] = translatedHeaders([{ name: 'Join', value: 'p;to-tag=box;from-tag=phone' }], 'phone', {
    all: () => [{ names }],
  });
  expect(join?.value).toBe('c;to-tag=far;from-tag=up');
  expect(translatedReferTo('<sip:x@y?Join=p%3Bto-tag%3Dbox%3Bfrom-tag%3Dphone>', 'phone', [{ names }])).toBe(
    '<sip:x@y?Join=c%3Bto-tag%3Dfar%3Bfrom-tag%3Dup>',
  );
});

it.each(['p;to-tag=box;from-tag=other', 'x;to-tag=box;from-tag=phone', '', 'p', '%E0%A4%A'])(
  '%s names none of ours and stays',
  (value) => {
    expect(translatedReplaces(value, 'phone', [{ names }])).toBe(value);
    expect(translatedReferTo(`<sip:x@y?Replaces=${value}>`, 'phone', [{ names }])).toBe(
      `<sip:x@y?Replaces=${value}>`,
    );
  },
);

it.each([
  ['phone', 'p;local-tag=phone;remote-tag=box', 'c;local-tag=up;remote-tag=far'],
  ['phone', 'p;remote-tag=phone;local-tag=box', 'c;local-tag=far;remote-tag=up'],
  ['cloud', 'c; local-tag=far ;remote-tag=up;x=1', 'p;local-tag=box;remote-tag=phone;x=1'],
  ['phone', 'p;local-tag=phone;remote-tag=other', 'p;local-tag=phone;remote-tag=other'],
  ['phone', 'p;local-tag=phone', 'p;local-tag=phone'],
  ['cloud', 'p;local-tag=phone;remote-tag=box', 'p;local-tag=phone;remote-tag=box'],
] as ['phone' | 'cloud', string, string][])(
  'Target-Dialog from the %s, %s, is %s on the other leg',
  (leg, value, translated) => {
    const headers = [
      { name: 'Target-Dialog', value },
      { name: 'Subject', value },
    ];
    expect(translatedHeaders(headers, leg, { all: () => [{ names }] })).toEqual([
      { name: 'Target-Dialog', value: translated },
      { name: 'Subject', value },
    ]);
  },
);

it('tags are ours or theirs by who answered', () => {
  const response = {
    headers: [
      { name: 'From', value: '<sip:a@b>;tag=f' },
      { name: 'To', value: '<sip:c@d>;tag=t' },
      { name: 'Call-ID', value: 'i' },
    ],
  };
  expect(nameAsCaller(response)).toEqual({ callId: 'i', ourTag: 'f', theirTag: 't', party: 'sip:c@d' });
  expect(nameAsCallee(response)).toEqual({ callId: 'i', ourTag: 't', theirTag: 'f', party: 'sip:a@b' });
});
