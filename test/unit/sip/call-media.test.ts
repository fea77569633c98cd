import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import type { LegName, Remote } from '../../../appliance/protocol/media-control.ts';
import { newCallMedia, SdpRefusedError, type LegSide } from '../../../appliance/sip/call-media.ts';
import type { Media } from '../../../appliance/sip/media.ts';
import { sdpText } from '../../support/sip-site.ts';

interface FakeMedia extends Media {
  readonly remotes: Map<string, Remote>;
  readonly expected: Map<string, boolean>;
  readonly open: Set<string>;
}

/** Gives out ports in order and remembers what it was told. */
function fakeMedia(): FakeMedia {
  const remotes = new Map<string, Remote>();
  const expected = new Map<string, boolean>();
  const open = new Set<string>();
  let next = 20_000;
  const pair = () => {
    next += 2;
    return { rtp: next, rtcp: next + 1 };
  };
  return {
    remotes,
    expected,
    open,
    isConnected: true,
    allocate: (session) => {
      open.add(session);
      return Promise.resolve({ phone: pair(), cloud: pair() });
    },
    update: (session, leg: LegName, remote) => {
      remotes.set(`${session} ${leg}`, remote);
      return Promise.resolve();
    },
    expect: (session, media) => {
      expected.set(session, media);
      return Promise.resolve();
    },
    release: (session) => {
      open.delete(session);
      const count = { bytes: 0, rtcp: 0, dropped: 0 };
      return Promise.resolve({
        session,
        silentMs: 0,
        phone: { ...count, packets: 3 },
        cloud: { ...count, packets: 4 },
      });
    },
    stats: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const sides: Record<LegName, LegSide> = {
  phone: { address: '10.66.0.1', isSecure: true, peer: '10.66.0.101' },
  cloud: { address: '192.0.2.2', isSecure: true, peer: undefined },
};
const at = (address: string, port: number, more: readonly string[] = []) =>
  sdpText(port, more).replaceAll('127.0.0.1', address);

it('each side sees our address and ports of its own side', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const offer = await call.relay('phone', at('10.66.0.101', 4000));
  const answer = await call.relay('cloud', at('203.0.113.9', 6000));
  expect(offer).toContain('c=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 20004 ');
  expect(answer).toContain('c=IN IP4 10.66.0.1\r\nt=0 0\r\nm=audio 20002 ');
  expect(offer + answer).not.toMatch(/10\.66\.0\.101|203\.0\.113\.9/);
});

const sources: [string, LegName, readonly [address: string, ...allow: string[]]][] = [
  ['the phone itself', 'phone', ['10.66.0.101', '10.66.0.101']],
  ['the phone, when it names another address', 'phone', ['10.66.0.77', '10.66.0.77', '10.66.0.101']],
  ['a public far end', 'cloud', ['203.0.113.9', '203.0.113.9']],
  ['anybody once, when the far end names a private address', 'cloud', ['192.168.1.5', '192.168.1.5', '*']],
];

it.each(sources)('media is taken from %s', async (_title, leg, [address, ...allow]) => {
  const media = fakeMedia();
  await newCallMedia(media, 'c', sides).relay(leg, at(address, 4000));
  expect(media.remotes.get(`c.0 ${leg}`)).toMatchObject({ address, allow });
});

it('silence counts from the answer on, not while one side holds, and again after', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  await call.relay('phone', at('10.66.0.101', 4000));
  await call.relay('cloud', at('203.0.113.9', 6000));
  expect(media.expected.get('c.0')).toBeUndefined();
  await call.answered();
  expect(media.expected.get('c.0')).toBe(true);
  await call.relay('phone', at('10.66.0.101', 4000, ['a=sendonly']));
  expect(media.expected.get('c.0')).toBe(false);
  await call.relay('phone', at('10.66.0.101', 4000));
  expect(media.expected.get('c.0')).toBe(true);
  await call.relay('cloud', at('0.0.0.0', 6000));
  expect(media.expected.get('c.0')).toBe(false);
});

it.each(['phone', 'cloud'] as const)(
  'keys from the %s never cross to or over a leg in clear',
  async (leg) => {
    const keys = at('10.66.0.101', 4000, ['a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc']);
    const clear = { ...sides, phone: { ...sides.phone, isSecure: false } };
    await expect(newCallMedia(fakeMedia(), 'c', clear).relay(leg, keys)).rejects.toThrow(SdpRefusedError);
    await expect(newCallMedia(fakeMedia(), 'c', sides).relay(leg, keys)).resolves.toContain('inline:abc');
  },
);

it('a description that can not be read reserves nothing', async () => {
  const media = fakeMedia();
  await expect(newCallMedia(media, 'c', sides).relay('phone', 'hello')).rejects.toThrow(DecodeError);
  expect(media.open.size).toBe(0);
});

it('a second stream gets ports of its own, and the end gives all of them back', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const video = `${at('10.66.0.101', 4000)}m=video 4002 RTP/AVP 96\r\nm=image 4004 udptl t38\r\n`;
  const offer = await call.relay('phone', video);
  expect(offer).toMatch(/m=audio 20004 .*\r\nm=video 20008 .*\r\nm=image 0 /);
  expect(call.sessions).toEqual(['c.0', 'c.1']);
  expect(await call.release()).toEqual({ phone: 6, cloud: 8 });
  expect(media.open.size).toBe(0);
});
