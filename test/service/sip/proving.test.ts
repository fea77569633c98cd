/** In an outage: phones that come on another connection than before, and prove to the box who they are. */
import { expect, it } from 'vitest';
import { answerChallenge } from '../../../appliance/sip/digest.ts';
import { headerLines } from '../../../appliance/protocol/sip-headers.ts';
import type { SipResponse } from '../../../appliance/protocol/sip-message.ts';
import { until } from '../../support/command.ts';
import { passAccount } from '../../support/sip-accounts.ts';
import { inviteText, outward } from '../../support/sip-calls.ts';
import { register, registerText } from '../../support/sip-registering.ts';
import {
  header,
  openSipSite,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
} from '../../support/sip-site.ts';

const mac = '00:15:65:aa:bb:cc';
const account = { mac, user: '1001', authUser: '1001@office.example', password: 'correct-horse' };

async function openOutage(): Promise<SipSite> {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  await passAccount(site.directory, account);
  site.cutRegistrar(true);
  await until('the outage', () => site.journal('outage_began')[0], { timeoutMs: 5000, everyMs: 10 });
  phone.close();
  return site;
}

function answerTo(
  asked: SipResponse,
  { password = account.password, username = account.authUser, count = 1 } = {},
): string {
  const challenges = headerLines(asked, 'WWW-Authenticate');
  const given = answerChallenge(challenges, {
    method: 'REGISTER',
    body: new Uint8Array(),
    uri: 'sip:127.0.0.1',
    cnonce: 'c1',
    username,
    password,
    count,
  });
  return `Authorization: ${given ?? ''}`;
}

async function prove(phone: Peer, cseq = 2): Promise<SipResponse> {
  phone.send(registerText({ cseq }));
  const asked = await phone.response(401);
  phone.send(registerText({ cseq: cseq + 1, more: [answerTo(asked)] }));
  return await phone.response(200);
}

it('a phone that was restarted is asked as its registrar asked it, and comes back with its password', async () => {
  const site = await openOutage();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 2 }));
  const asked = await phone.response(401);
  expect(headerLines(asked, 'WWW-Authenticate')).toEqual([
    expect.stringMatching(/^Digest realm="localhost", nonce="[^"]+", algorithm=MD5, qop="auth,auth-int"$/),
  ]);
  phone.send(registerText({ cseq: 3, more: [answerTo(asked)] }));
  const taken = await phone.response(200);
  expect(header(taken, 'Contact')).toContain('expires=40');
  expect(site.bindings()).toMatchObject([{ mac, state: 'lost', source: `127.0.0.1:${phone.port}` }]);
  expect(site.journal('registered').at(-1)).toMatchObject({ way: 'site', aor: '1001@office.example' });
  // On this connection it need not prove itself again.
  phone.send(registerText({ cseq: 4 }));
  await phone.response(200);
});

it('with a wrong password it is refused, counted and written down', async () => {
  const site = await openOutage();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 2 }));
  const asked = await phone.response(401);
  phone.send(registerText({ cseq: 3, more: [answerTo(asked, { password: 'battery-staple' })] }));
  expect((await phone.response(403)).reason).toBe('Wrong password');
  phone.send(registerText({ cseq: 4, more: [answerTo(asked, { username: '1002' })] }));
  await phone.response(403);
  expect(site.sip.counters()).toMatchObject({ registrations_wrong_password: 2, registrations_challenged: 1 });
  // A refusal does not wait for its row.
  await expect
    .poll(() => site.journal('registration_refused'))
    .toContainEqual(expect.objectContaining({ reason: 'Wrong password', source: '127.0.0.1' }));
});

it('credentials that were used before are asked for again, and the cloud’s own count as old', async () => {
  const site = await openOutage();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 2 }));
  const asked = await phone.response(401);
  const used = answerTo(asked);
  phone.send(registerText({ cseq: 3, more: [used] }));
  await phone.response(200);
  const other = await site.phone('tls');
  other.send(registerText({ cseq: 4, more: [used] }));
  const again = await other.response(401);
  expect(header(again, 'WWW-Authenticate')).toContain('stale=true');
  const cloud = headerLines(asked, 'WWW-Authenticate').map((value) =>
    value.replace(/nonce="[^"]+"/, 'nonce="n1"'),
  );
  other.send(
    registerText({
      cseq: 5,
      more: [answerTo({ ...asked, headers: cloud.map((value) => ({ name: 'WWW-Authenticate', value })) })],
    }),
  );
  expect(header(await other.response(401), 'WWW-Authenticate')).toContain('stale=true');
});

it('MAC, address and name alone let nobody in', async () => {
  const site = await openOutage();
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 2, aor: '1002' }));
  expect((await phone.response(503)).reason).toBe('Registrar not reached');
});

it('a phone that the box has never seen registered proves itself too, by either hash', async () => {
  const site = await openSipSite();
  await passAccount(site.directory, account);
  site.cutRegistrar(true);
  const phone = await site.phone('tls');
  phone.send(registerText({ cseq: 2 }));
  const asked = await phone.response(401);
  const offered = headerLines(asked, 'WWW-Authenticate');
  expect(offered.map((value) => /algorithm=([\w-]+)/.exec(value)?.[1])).toEqual(['SHA-256', 'MD5']);
  for (const [at, value] of offered.entries()) {
    const one = { ...asked, headers: [{ name: 'WWW-Authenticate', value }] };
    phone.send(registerText({ cseq: 3 + at, more: [answerTo(one, { count: at + 1 })] }));
    await phone.response(200);
  }
});

it('two phones that proved themselves after a restart of the box call each other', async () => {
  const site = await openOutage();
  await site.restartSip();
  await passAccount(site.directory, { ...account, mac: '00:15:65:aa:bb:02', user: '1002' });
  const [caller, callee] = [await site.phone('tls'), await site.phone('tls')];
  await prove(caller);
  callee.send(registerText({ cseq: 2, aor: '1002' }));
  const asked = await callee.response(401);
  callee.send(registerText({ cseq: 3, aor: '1002', more: [answerTo(asked)] }));
  await callee.response(200);
  const uri = 'sip:1002@127.0.0.1';
  caller.send(inviteText({ ...outward, to: `<${uri}>` }, { uri }));
  const ringing = await callee.request('INVITE');
  callee.send(
    responseText(ringing, '200 OK', { lines: ['Contact: <sip:1002@127.0.0.1:5999>'], body: sdpText(6000) }),
  );
  expect(header(await caller.response(200), 'Contact')).toContain('127.0.0.1');
});
