import { expect, it } from 'vitest';
import { originOf, withOrigin } from '../../../appliance/protocol/sdp-origin.ts';
import { formatSdp, parseSdp } from '../../../appliance/protocol/sdp.ts';

const sdp = (origin: string) => parseSdp(`v=0\r\no=${origin}\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n`);

it('version and address are changed, and nothing else', () => {
  const changed = withOrigin(sdp('alice 7 41 IN IP4 10.0.0.7'), { version: 42n, address: '192.0.2.2' });
  expect(formatSdp(changed)).toBe(
    'v=0\r\no=alice 7 42 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 10.0.0.7\r\nt=0 0\r\n',
  );
});

it('a version may have more digits than a number of JavaScript', () => {
  expect(originOf(sdp('- 1 18446744073709551615 IN IP4 10.0.0.7'))?.version).toBe(2n ** 64n - 1n);
});

it.each([
  ['a version that is no number', '- 1 x IN IP4 10.0.0.7'],
  ['another network', '- 1 1 IN IP6 ::1'],
])('%s is none that could be counted on', (_what, origin) => {
  expect(originOf(sdp(origin))).toBeUndefined();
  const same = withOrigin(sdp(origin), { version: 9n, address: '192.0.2.2' });
  expect(formatSdp(same)).toBe(formatSdp(sdp(origin)));
});
