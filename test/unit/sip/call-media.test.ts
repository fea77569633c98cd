import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import type { LegName } from '../../../appliance/protocol/media-control.ts';
import { newCallMedia, sidesToward, type LegSide } from '../../../appliance/sip/call-media.ts';
import type { Media } from '../../../appliance/sip/media.ts';
import { fakeMedia, type FakeMedia } from '../../support/fake-media.ts';
import { sdpText } from '../../support/sip-site.ts';

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

it('the relay knows where media may come from before the answer does', async () => {
  const media = fakeMedia();
  const cloud = { ...sides.cloud, networks: ['52.112.0.0/14'] };
  await newCallMedia(media, 'c', { ...sides, cloud }).relay('cloud', at('203.0.113.9', 6000));
  expect(media.early.get('c.0')).toEqual({ phone: ['10.66.0.101'], cloud: ['52.112.0.0/14'] });
});

it('a cloud that holds as in RFC 2543 is heard from the networks of the service: it may play music', async () => {
  const media = fakeMedia();
  const cloud = { ...sides.cloud, networks: ['52.112.0.0/14'] };
  await newCallMedia(media, 'c', { ...sides, cloud }).relay('cloud', at('0.0.0.0', 6000));
  expect(media.remotes.get('c.0 cloud')).toMatchObject({ allow: ['0.0.0.0', '52.112.0.0/14'] });
});

it('where the signalling comes from is told with where its media is wanted', async () => {
  const media = fakeMedia();
  await newCallMedia(media, 'c', sides).relay('phone', at('10.66.0.101', 4000));
  expect(media.remotes.get('c.0 phone')).toMatchObject({ near: sides.phone.peer });
});

it('a gateway whose name nobody has looked up yet is heard at the address that it signals', async () => {
  const media = fakeMedia();
  const cloud = { ...sides.cloud, peer: 'gateway.example' };
  await newCallMedia(media, 'c', { ...sides, cloud }).relay('cloud', at('203.0.113.9', 6000));
  const { near, allow } = media.remotes.get('c.0 cloud') ?? {};
  expect([near, allow, media.early.get('c.0')?.cloud]).toEqual([undefined, ['203.0.113.9'], []]);
});

it('a call that turns to the registrar hears media from the networks of the service', () => {
  const config = parseConfig('[site]\naddress = "10.66.0.1"\n[rtp]\ncloud_networks = ["52.112.0.0/14"]\n');
  const phone = { transport: 'tls', source: '10.66.0.101:5061', local_address: '192.0.2.2' } as const;
  expect(sidesToward(config, phone).cloud).toMatchObject({
    address: '192.0.2.2',
    networks: ['52.112.0.0/14'],
  });
});

it('nothing is heard before the keys are where SRTP ends at the box', async () => {
  const media = fakeMedia();
  const cloud = { ...sides.cloud, isSecure: false };
  await newCallMedia(media, 'c', { ...sides, cloud }).relay('cloud', at('203.0.113.9', 6000));
  expect(media.early.get('c.0')).toEqual({ phone: [], cloud: [] });
});

const rtcpPorts = ({ remotes }: FakeMedia) =>
  (['phone', 'cloud'] as const).map((leg) => remotes.get(`c.0 ${leg}`)?.rtcpPort);

const multiplexing: [
  string,
  readonly [offer: readonly string[], answer: readonly string[]],
  readonly number[],
][] = [
  ['neither end', [[], []], [4001, 6001]],
  ['both ends', [['a=rtcp-mux'], ['a=rtcp-mux']], [4000, 6000]],
  ['who calls alone', [['a=rtcp-mux'], []], [4001, 6001]],
  ['who calls alone, with a port for that case', [['a=rtcp-mux', 'a=rtcp:4711'], []], [4711, 6001]],
];

it.each(multiplexing)(
  'RTCP multiplexed by %s goes where each hears it',
  async (_title, [offer, answer], ports) => {
    const media = fakeMedia();
    const call = newCallMedia(media, 'c', sides);
    await call.relay('phone', at('10.66.0.101', 4000, offer));
    await call.relay('cloud', at('203.0.113.9', 6000, answer));
    expect(rtcpPorts(media)).toEqual(ports);
  },
);

it('until it is answered RTCP goes where it was offered', async () => {
  const media = fakeMedia();
  await newCallMedia(media, 'c', sides).relay('phone', at('10.66.0.101', 4000, ['a=rtcp-mux']));
  expect(rtcpPorts(media)).toEqual([4000, undefined]);
});

it("a private address in the cloud is believed to send from the service's networks only, where they are named", async () => {
  const media = fakeMedia();
  const cloud = { ...sides.cloud, networks: ['52.112.0.0/14'] };
  await newCallMedia(media, 'c', { ...sides, cloud }).relay('cloud', at('10.1.1.1', 4000));
  expect(media.remotes.get('c.0 cloud')?.allow).toEqual(['10.1.1.1', '52.112.0.0/14']);
});

it('a call that turns to T.38 goes through the same ports, as what it is', async () => {
  const media = fakeMedia();
  const call = newCallMedia(media, 'c', sides);
  const before = await call.relay('phone', at('10.66.0.101', 4000));
  const fax = at('10.66.0.101', 4010).replace(/m=audio 4010 .*/, 'm=image 4010 udptl t38');
  const after = await call.relay('phone', fax);
  const [, port] = /m=audio (\d+)/.exec(before) ?? [];
  expect(after).toContain(`m=image ${port} udptl t38`);
  expect(media.remotes.get('c.0 phone')).toMatchObject({ port: 4010, isUdptl: true });
});

it('in a call for help silence counts as on hold', async () => {
  const media = fakeMedia();
  const rescue = { isDirect: false, isForgeable: false, isProven: true, onError: () => undefined };
  const call = newCallMedia(media, 'c', { ...sides, rescue });
  await call.relay('phone', at('10.66.0.101', 4000));
  await call.relay('cloud', at('203.0.113.9', 6000));
  await call.answered();
  expect(media.expected.get('c.0')).toBe(false);
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

it('a description that can not be read reserves nothing', async () => {
  const media = fakeMedia();
  await expect(newCallMedia(media, 'c', sides).relay('phone', 'hello')).rejects.toThrow(DecodeError);
  expect(media.open.size).toBe(0);
});

it('a call that ends while the relay still makes its ports gives them back, and asks for no more', async () => {
  const media = fakeMedia();
  const asked: string[] = [];
  const made = Promise.withResolvers<void>();
  const call = newCallMedia(
    {
      ...media,
      allocate: async (session, addresses) => {
        asked.push(`allocate ${session}`);
        await made.promise;
        return await media.allocate(session, addresses);
      },
      release: async (session) => {
        asked.push(`release ${session}`);
        return await media.release(session);
      },
    },
    'c',
    sides,
  );
  const relaying = call.relay('phone', at('10.66.0.101', 4000));
  expect(call.sessions()).toEqual(['c.0']);
  await call.release();
  made.resolve();
  await relaying.catch(() => undefined);
  await expect(call.relay('cloud', at('203.0.113.9', 6000))).rejects.toThrow('the call is over');
  expect(asked).toEqual(['allocate c.0', 'release c.0']);
});

it('ports that were not to be had are asked for again with the next description', async () => {
  const media = fakeMedia();
  let failures = 1;
  const allocate: Media['allocate'] = async (session, addresses) => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('media relay: not connected');
    }
    return await media.allocate(session, addresses);
  };
  const call = newCallMedia({ ...media, allocate }, 'c', sides);
  await expect(call.relay('phone', at('10.66.0.101', 4000))).rejects.toThrow('not connected');
  expect(call.sessions()).toEqual([]);
  expect(await call.relay('phone', at('10.66.0.101', 4000))).toContain('m=audio 20004 ');
});
