/** Two challenges at once, the newer one first (RFC 8760 section 2.4): phones of either kind prove who they are, through the box. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseDigest } from '../../../appliance/protocol/digest.ts';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import { digestAlgorithm, digestHa1, digestResponse } from '../../../appliance/sip/digest.ts';
import type { SipRequest } from '../../../appliance/protocol/sip-message.ts';
import { freePort } from '../../support/free-port.ts';
import { contact, inviteText, outward, within } from '../../support/sip-calls.ts';
import { accept, registerText } from '../../support/sip-registering.ts';
import { header, openSipSite, responseText, sdpText, type Peer } from '../../support/sip-site.ts';
import { playPhone } from '../../support/sipp-phone.ts';

const account = { username: '1001', realm: 'cloud', password: 'secret' };
const challengeOf = (algorithm: string) =>
  `Digest realm="cloud", nonce="n-${algorithm}", qop="auth", algorithm=${algorithm}`;
const offered = ['SHA-256', 'MD5'].map(challengeOf);
const challengedBy = (name: 'WWW' | 'Proxy', challenges = offered) => ({
  lines: challenges.map((challenge) => `${name}-Authenticate: ${challenge}`),
});

/** Algorithm of the credentials, if they are right for this request as it came upstream. */
function proved(request: SipRequest, field: 'Authorization' | 'Proxy-Authorization'): string {
  const fields = parseDigest(header(request, field));
  const algorithm = digestAlgorithm(fields?.algorithm);
  if (fields === undefined || algorithm === undefined) return 'nothing that can be read';
  const ha1 = digestHa1(algorithm.hash, account);
  const right = digestResponse(algorithm, ha1, { fields, method: request.method, body: request.body });
  const isOwn = right === fields.response && fields.nonce === `n-${algorithm.hash}`;
  return isOwn ? algorithm.hash : `a wrong proof: ${header(request, field)}`;
}

/** What a phone that knows this algorithm makes of it, by RFC 7616 section 3.4.1. */
function credentials(algorithm: 'SHA-256' | 'MD5', method: string, uri: string): string {
  const hash = (text: string) => createHash(algorithm.replace('-', '')).update(text).digest('hex');
  const [nonce, nc, cnonce] = [`n-${algorithm}`, '00000001', 'mine'];
  const secret = hash(`${account.username}:${account.realm}:${account.password}`);
  const response = hash(`${secret}:${nonce}:${nc}:${cnonce}:auth:${hash(`${method}:${uri}`)}`);
  return `Digest username="1001", realm="cloud", nonce="${nonce}", uri="${uri}", response="${response}", cnonce="${cnonce}", nc=${nc}, qop=auth, algorithm=${algorithm}`;
}

it.each(['SHA-256', 'MD5'] as const)('a phone that knows %s registers and calls by it', async (algorithm) => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 1 }));
  const flow = await site.flow(0);
  flow.send(responseText(await flow.request('REGISTER'), '401 Unauthorized', challengedBy('WWW')));
  expect(headerLines(await phone.response(401), 'WWW-Authenticate')).toEqual(offered);
  phone.send(
    registerText({
      cseq: 2,
      more: [`Authorization: ${credentials(algorithm, 'REGISTER', 'sip:127.0.0.1')}`],
    }),
  );
  const register = await flow.request('REGISTER');
  expect(proved(register, 'Authorization')).toBe(algorithm);
  accept(flow, register, { seconds: 3600 });
  await phone.response(200);
  expect(site.bindings()[0]).toMatchObject({ state: 'registered' });
  phone.send(inviteText(outward));
  const first = await flow.request('INVITE');
  flow.send(responseText(first, '407 Proxy Authentication Required', challengedBy('Proxy')));
  const challenge = await phone.response(407);
  expect(headerLines(challenge, 'Proxy-Authenticate')).toEqual(offered);
  await flow.request('ACK');
  phone.send(within(outward, challenge, 'ACK').text({ uri: 'sip:+49301234@127.0.0.1' }));
  const proof = `Proxy-Authorization: ${credentials(algorithm, 'INVITE', 'sip:+49301234@127.0.0.1')}`;
  phone.send(inviteText(outward, { cseq: 2, lines: [proof] }));
  const invite = await flow.request('INVITE');
  expect(proved(invite, 'Proxy-Authorization')).toBe(algorithm);
  expect(header(invite, 'Call-ID')).toBe(header(first, 'Call-ID'));
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await phone.response(200);
});

async function challengeThenTake(flow: Peer, method: 'REGISTER' | 'INVITE'): Promise<SipRequest> {
  const [line, name, field] =
    method === 'REGISTER'
      ? (['401 Unauthorized', 'WWW', 'Authorization'] as const)
      : (['407 Proxy Authentication Required', 'Proxy', 'Proxy-Authorization'] as const);
  // SIPp takes the first one, and knows MD5 only.
  const challenges = challengedBy(name, offered.toReversed());
  flow.send(responseText(await flow.request(method), line, challenges));
  const again = await flow.request(method);
  expect(proved(again, field)).toBe('MD5');
  return again;
}

it('password-is-asked-for-and-taken and call-wants-a-password-and-is-answered: SIPp goes by the one that it knows', async () => {
  const site = await openSipSite();
  const from = await freePort();
  const { username: user, password } = account;
  const play = async (scenario: string) =>
    await playPhone(scenario, { to: site.port.udp, from, user, password });
  const registered = play('password-is-asked-for-and-taken');
  const flow = await site.flow(0);
  const register = await challengeThenTake(flow, 'REGISTER');
  accept(flow, register, { seconds: 3600 });
  expect(await registered).toMatchObject({ code: 0 });
  const called = play('call-wants-a-password-and-is-answered');
  const invite = await challengeThenTake(flow, 'INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  await flow.request('ACK');
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  expect(await called).toMatchObject({ code: 0 });
});
