/** A phone (SIPp) that turns from G.711 to T.38: its UDPTL crosses to the bit, and where nobody takes the fax the call goes on. */
import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { openUdp } from '../../../appliance/net/udp.ts';
import { until } from '../../support/command.ts';
import { freePort } from '../../support/free-port.ts';
import { contact, local, rtp } from '../../support/sip-calls.ts';
import { bodyOf, header, openSipSite, responseText, sdpText } from '../../support/sip-site.ts';
import { playPhone } from '../../support/sipp-phone.ts';

const wait = { timeoutMs: 10_000, everyMs: 10 };
const fax = (port: number) =>
  sdpText(0).replace(/m=audio 0 .*\r\n/, `m=image ${port} udptl t38\r\na=T38FaxVersion:0\r\n`);

const indicator = (kind: number) => Buffer.from([kind << 1]);
const data = () => Buffer.concat([Buffer.from([0xc0, 0x01, 0x80, 0x00, 0x24]), randomBytes(37)]);

/**
 * UDPTL of T.38 annex D as a sender with redundancy writes it: sequence number, primary packet, and those before it once more. First what
 * tells of tones (T.30 indicators: CNG, V.21 preamble, V.17 training), then data of a page.
 */
function udptl(): Buffer[] {
  const primary = [...[1, 1, 3, 3, 8, 8].map(indicator), ...Array.from({ length: 40 }, data)];
  return primary.map((packet, at) => {
    const before = primary.slice(Math.max(0, at - 2), at).toReversed();
    const again = before.flatMap((each) => [Buffer.from([each.length]), each]);
    const head = [Buffer.from([at >> 8, at & 255, packet.length]), packet];
    return Buffer.concat([...head, Buffer.from([0x00, before.length]), ...again]);
  });
}

async function end() {
  const port = await openUdp({ address: local, port: 0 });
  onTestFinished(() => port[Symbol.asyncDispose]());
  const heard: string[] = [];
  port.onDatagram((bytes) => heard.push(Buffer.from(bytes).toString('hex')));
  return { heard, number: port.address().port };
}

/** The phone has a call with sound, and asks for the fax. */
async function asking(scenario: string, plays: Readonly<Record<string, readonly Uint8Array[]>> = {}) {
  const site = await openSipSite();
  const phone = { to: site.port.udp, from: await freePort(), plays, mediaPort: await freePort() };
  const registered = playPhone('phone-is-registered-for-a-minute', phone);
  const flow = await site.flow(0);
  const register = await flow.request('REGISTER');
  const granted = `Contact: ${header(register, 'Contact')};expires=3600`;
  flow.send(responseText(register, '200 OK', { lines: [granted] }));
  expect(await registered).toMatchObject({ code: 0 });
  const played = playPhone(scenario, phone);
  const [sound, pages] = [await end(), await end()];
  flow.send(
    responseText(await flow.request('INVITE'), '200 OK', { lines: [contact], body: sdpText(sound.number) }),
  );
  await flow.request('ACK');
  const asked = await flow.request('INVITE');
  expect(bodyOf(asked)).toMatch(/m=image [1-9]\d+ udptl t38/);
  /** Hung up by the phone: how its scenario ended, and what is left of the call. */
  const over = async () => {
    flow.send(responseText(await flow.request('BYE'), '200 OK'));
    const { code } = await played;
    const { calls, errors } = site.sip.counters();
    return { code, calls, errors, sessions: site.rtp?.counters()['sessions'] };
  };
  return { flow, asked, sound, pages, over };
}

const well = { code: 0, calls: 0, errors: 0, sessions: 0 };

it('fax-takes-the-place-of-sound', async () => {
  const sent = udptl();
  const { flow, asked, pages, over } = await asking('fax-takes-the-place-of-sound', { 'fax.pcap': sent });
  flow.send(responseText(asked, '200 OK', { lines: [contact], body: fax(pages.number) }));
  await flow.request('ACK');
  await until('all of it to arrive', () => pages.heard.length >= sent.length || undefined, wait);
  expect(pages.heard).toEqual(sent.map((each) => each.toString('hex')));
  expect(await over()).toEqual(well);
});

it('fax-is-refused-by-488, and sound goes on', async () => {
  const speech = Array.from({ length: 20 }, (_, at) => rtp(at + 1));
  const { flow, asked, sound, over } = await asking('fax-is-refused-by-488', { 'sound.pcap': speech });
  flow.send(responseText(asked, '488 Not Acceptable Here'));
  await flow.request('ACK');
  await until('all of it to be heard', () => sound.heard.length >= speech.length || undefined, wait);
  expect(await over()).toEqual(well);
});

it('fax-is-refused-by-port-0', async () => {
  const { flow, asked, over } = await asking('fax-is-refused-by-port-0');
  flow.send(responseText(asked, '200 OK', { lines: [contact], body: fax(0) }));
  await flow.request('ACK');
  expect(await over()).toEqual(well);
});
