/** A call's leg to the cloud gets another address of ours while people talk. */
import { expect, it } from 'vitest';
import type { LegName } from '../../../appliance/protocol/media-control.ts';
import { newCallMedia, type LegSide } from '../../../appliance/sip/call-media.ts';
import { fakeMedia } from '../../support/fake-media.ts';
import { sdpText } from '../../support/sip-site.ts';

const sides: Record<LegName, LegSide> = {
  phone: { address: '10.66.0.1', isSecure: true, peer: '10.66.0.101' },
  cloud: { address: '192.0.2.2', isSecure: true, peer: undefined },
};
const at = (address: string, port: number, more: readonly string[] = []) =>
  sdpText(port, more).replaceAll('127.0.0.1', address);

/** The o= line, and where media goes. */
const partsOf = (sdp: string | undefined) => [
  /o=\S+ \S+ (.+)\r/.exec(sdp ?? '')?.[1],
  /c=(.+)\r/.exec(sdp ?? '')?.[1],
  /m=(.+)\r/.exec(sdp ?? '')?.[1],
];

const versioned = (version: number, more: readonly string[] = []) =>
  at('10.66.0.101', 4000, more).replace(/ 1 IN IP4/, ` ${version} IN IP4`);

async function upCall() {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const told = await call.relay('phone', versioned(5));
  await call.relay('cloud', at('203.0.113.9', 6000));
  await call.answered();
  return { media, call, told };
}

it('the cloud leg moves to another address: the cloud is told as a new version, the phone keeps its ports', async () => {
  const { media, call, told } = await upCall();
  expect(partsOf(told)).toEqual(['5 IN IP4 192.0.2.2', 'IN IP4 192.0.2.2', 'audio 20004 RTP/AVP 0']);
  const offer = await call.moveCloud('192.0.2.3', told);
  expect(partsOf(offer)).toEqual(['6 IN IP4 192.0.2.2', 'IN IP4 192.0.2.3', 'audio 20006 RTP/AVP 0']);
  expect(media.moves).toEqual(['c.0 cloud 192.0.2.3']);
  expect(call.addresses).toEqual({ phone: '10.66.0.1', cloud: '192.0.2.3' });
  const toPhone = await call.relay('cloud', at('203.0.113.9', 6000));
  expect(partsOf(toPhone).slice(1)).toEqual(['IN IP4 10.66.0.1', 'audio 20002 RTP/AVP 0']);
});

it('what the phone says later has the new address, and a version above all that the cloud was told', async () => {
  const { call, told } = await upCall();
  await call.moveCloud('192.0.2.3', (await call.moveCloud('192.0.2.4', told)) ?? '');
  const hold = await call.relay('phone', versioned(6, ['a=sendonly']));
  expect(partsOf(hold)).toEqual(['8 IN IP4 192.0.2.2', 'IN IP4 192.0.2.3', 'audio 20008 RTP/AVP 0']);
});

it('asked again with what the cloud has taken, there is nothing more to tell', async () => {
  const { media, call, told } = await upCall();
  const offer = (await call.moveCloud('192.0.2.3', told)) ?? '';
  media.move = () => media.allocate('c.0', call.addresses);
  const ports = { phone: { rtp: 20_002, rtcp: 20_003 }, cloud: { rtp: 20_006, rtcp: 20_007 } };
  media.allocate = () => Promise.resolve(ports);
  expect(await call.moveCloud('192.0.2.3', offer)).toBeUndefined();
});

it('keys, hold and refused media cross as the cloud was told them before', async () => {
  const { call } = await upCall();
  const key = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(40)}`;
  const told = `${at('192.0.2.2', 20_004, [key, 'a=sendonly', 'a=rtcp:20005'])}m=video 0 RTP/AVP 31\r\n`;
  const offer = await call.moveCloud('192.0.2.3', told);
  expect(offer).toContain(`${key}\r\n`);
  expect(offer).toMatch(/a=sendonly\r\na=rtcp:20007\r\nm=video 0 RTP\/AVP 31\r\n$/);
});

it('the process after ours goes on counting where we were', async () => {
  const media = fakeMedia();
  const heard = { phone: versioned(5), cloud: at('203.0.113.9', 6000) };
  const told = {
    phone: at('10.66.0.1', 20_002),
    cloud: at('192.0.2.3', 20_006).replace(/ 1 IN.*/, ' 9 IN IP4 192.0.2.2'),
  };
  const cloud = { ...sides.cloud, address: '192.0.2.3' };
  const call = newCallMedia(media, 'c', { ...sides, cloud, kept: { heard, told } });
  expect(partsOf(await call.relay('phone', versioned(6)))[0]).toBe('10 IN IP4 192.0.2.2');
});

it('a call for help whose ends were told each other has no ports to move', async () => {
  const media = { ...fakeMedia(), allocate: () => Promise.reject(new Error('no relay')) };
  const rescue = { isDirect: false, isForgeable: false, isProven: true, onError: () => undefined };
  const call = newCallMedia(media, 'c', { ...sides, rescue });
  const told = await call.relay('phone', versioned(5));
  expect(await call.moveCloud('192.0.2.3', told)).toBeUndefined();
  expect(call.addresses.cloud).toBe('192.0.2.3');
});
