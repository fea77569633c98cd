import { expect, test } from 'vitest';
import { phoneHeaders, upstreamHeaders } from '../../../appliance/provisioning/headers.ts';

test("order, case and repeats of the phone's headers stay; Host, Accept-Encoding and Connection are ours in their places", () => {
  expect(
    upstreamHeaders(
      [
        ['uSER-aGENT', 'Yealink SIP-T46S 66.86.5.1'],
        ['HOST', '10.0.0.1'],
        ['X-Twice', 'a'],
        ['connection', 'keep-alive'],
        ['X-Twice', 'b'],
        ['Accept-encoding', 'gzip'],
        ['Accept', '*/*'],
      ],
      'emea.example',
    ),
  ).toEqual([
    ['uSER-aGENT', 'Yealink SIP-T46S 66.86.5.1'],
    ['HOST', 'emea.example'],
    ['X-Twice', 'a'],
    ['connection', 'close'],
    ['X-Twice', 'b'],
    ['Accept-encoding', 'identity'],
    ['Accept', '*/*'],
  ]);
});

test('headers of the hop go, also those that Connection names, but none that a phone is known by', () => {
  const sent = upstreamHeaders(
    [
      ['Connection', 'X-Secret, User-Agent, Host'],
      ['X-Secret', '1'],
      ['User-Agent', 'x'],
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '5'],
      ['TE', 'trailers'],
      ['Upgrade', 'h2c'],
      ['Host', 'a'],
      ['Host', 'b'],
    ],
    'emea.example',
  );
  expect(sent).toEqual([
    ['Connection', 'close'],
    ['User-Agent', 'x'],
    ['Host', 'emea.example'],
    ['Accept-Encoding', 'identity'],
  ]);
});

test('a phone that sends none of them gets ours all the same', () => {
  expect(upstreamHeaders([['User-Agent', 'x']], 'h')).toEqual([
    ['User-Agent', 'x'],
    ['Host', 'h'],
    ['Accept-Encoding', 'identity'],
    ['Connection', 'close'],
  ]);
});

test('what said how long or whole the body was is not told to the phone: the body changed', () => {
  expect(
    phoneHeaders([
      ['Content-Type', 'text/plain'],
      ['Content-Length', '3'],
      ['content-MD5', 'x'],
      ['ETag', '"1"'],
      ['Transfer-Encoding', 'chunked'],
      ['X-Ms-Correlation-Id', 'a'],
    ]),
  ).toEqual([
    ['Content-Type', 'text/plain'],
    ['ETag', '"1"'],
    ['X-Ms-Correlation-Id', 'a'],
  ]);
});
