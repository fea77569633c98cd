import { expect, it } from 'vitest';
import type { LegName } from '../../../appliance/protocol/media-control.ts';
import { newCallMedia, type LegSide } from '../../../appliance/sip/call-media.ts';
import type { Media } from '../../../appliance/sip/media.ts';
import { fakeMedia } from '../../support/fake-media.ts';
import { sdpText } from '../../support/sip-site.ts';

const sides: Record<LegName, LegSide> = {
  phone: { address: '10.66.0.1', isSecure: true, peer: '10.66.0.101' },
  cloud: { address: '192.0.2.2', isSecure: true, peer: undefined },
};
const at = (address: string, port: number, more: readonly string[] = []) =>
  sdpText(port, more).replaceAll('127.0.0.1', address);
const video = (port: number) => `${at('10.66.0.101', 4000)}m=video ${port} RTP/AVP 96\r\n`;

it('a second stream gets ports of its own, and the end gives all of them back', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const offer = await call.relay('phone', `${video(4002)}m=message 4004 TCP/MSRP *\r\n`);
  expect(offer).toMatch(/m=audio 20004 .*\r\nm=video 20008 .*\r\nm=message 0 /);
  expect(call.sessions()).toEqual(['c.0', 'c.1']);
  expect(await call.release()).toEqual({ phone: 6, cloud: 8 });
  expect(media.open.size).toBe(0);
});

it('the relay hears that a medium was taken out, and that it is back', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const first = await call.relay('phone', video(4002));
  expect(await call.relay('phone', video(0))).toContain('m=video 0 ');
  expect(media.remotes.get('c.1 phone')).toEqual({ address: '0.0.0.0', port: 0, rtcpPort: 0, allow: [] });
  expect(media.remotes.get('c.0 phone')).toMatchObject({ port: 4000 });
  await call.takeBack('phone');
  expect(media.remotes.get('c.1 phone')).toMatchObject({ port: 4002, allow: ['10.66.0.101'] });
  expect(await call.relay('phone', video(4002))).toBe(first);
});

it.each([
  ['counts not beside sound', { audio: 4000, hold: [] }, [true, false]],
  ['counts not beside sound that is on hold', { audio: 4000, hold: ['a=sendonly'] }, [false, false]],
  ['counts where there is no sound', { audio: 0, hold: [] }, [false, true]],
] as const)('silence of a picture %s', async (_how, { audio, hold }, expected) => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const both = (address: string) =>
    `${at(address, 4000, hold).replace('m=audio 4000', `m=audio ${audio}`)}m=video 4002 RTP/AVP 96\r\na=sendrecv\r\n`;
  await call.relay('phone', `${at('10.66.0.101', 4000)}m=video 4002 RTP/AVP 96\r\n`);
  await call.relay('phone', both('10.66.0.101'));
  await call.relay('cloud', both('203.0.113.9'));
  await call.answered();
  expect([media.expected.get('c.0'), media.expected.get('c.1')]).toEqual(expected);
});

it('a medium that was never there asks nothing of the relay', async () => {
  const media = fakeMedia();
  await newCallMedia(media, 'c', sides).relay('phone', video(0));
  expect([...media.open, ...media.remotes.keys()]).toEqual(['c.0', 'c.0 phone']);
});

it('a stream that the relay no longer has keeps none of the others, and no call from going on', async () => {
  const media = fakeMedia();
  const release: Media['release'] = async (session) => {
    if (session === 'c.0') throw new Error('media relay: no session c.0');
    return await media.release(session);
  };
  const call = newCallMedia({ ...media, release }, 'c', sides);
  await call.relay('phone', video(4002));
  expect(await call.release()).toBeUndefined();
  expect([...media.open]).toEqual(['c.0']);
});

it('a description of many media takes no more ports than a call needs', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const many = Array.from({ length: 15 }, (_, n) => `m=audio ${5000 + 2 * n} RTP/AVP 0`);
  const offer = await call.relay('phone', at('10.66.0.101', 4000, many));
  expect(media.open.size).toBe(3);
  expect(offer.match(/^m=audio 0 /gm)).toHaveLength(13);
});
