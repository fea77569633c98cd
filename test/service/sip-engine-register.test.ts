import { describe, expect, it } from 'vitest';
import { headerLines } from '../../appliance/protocol/sip-headers.ts';
import { answerTo, startSipEnd, type SipEnd } from '../support/sip-end.ts';
import { rawRequest, rawStream, rawUdp, status } from '../support/sip-raw.ts';

/** A relay as the application will be: each REGISTER goes on with the phone's own fields, each answer comes back. */
function relayRegister(relay: SipEnd, upstream: SipEnd, transport: 'udp' | 'tcp'): string[] {
  const flows: string[] = [];
  relay.srf.register((req, res) => {
    flows.push(req.get('X-Gatehouse-Flow'));
    const headers: Record<string, string> = {
      contact: '<sip:token@localhost>;expires=3600',
      'call-id': req.get('call-id'),
    };
    if (req.has('authorization')) headers['authorization'] = req.get('authorization');
    void (async () => {
      const sent = await relay.srf.request('sip:example.com', {
        method: 'REGISTER',
        headers,
        proxy: `sip:${upstream.at(transport)}`,
      });
      const answer = await answerTo(sent);
      const challenge: Record<string, string> = answer.has('www-authenticate')
        ? { 'www-authenticate': answer.get('www-authenticate') }
        : {};
      res.send(answer.status, { headers: challenge });
    })();
  });
  return flows;
}

describe('REGISTER through a relay', () => {
  it.each(['udp', 'tcp'] as const)('a challenge and the answer to it pass over %s', async (transport) => {
    const upstream = await startSipEnd([transport]);
    const relay = await startSipEnd([transport]);
    const contacts: string[] = [];
    upstream.srf.register((req, res) => {
      contacts.push(req.get('contact'));
      if (req.has('authorization')) res.send(200);
      else {
        const challenges =
          'Digest realm="a,b", nonce="1", algorithm=SHA-256, Digest realm="a,b", nonce="1", qop="auth,auth-int"';
        res.send(401, { headers: { 'WWW-Authenticate': challenges } });
      }
    });
    const flows = relayRegister(relay, upstream, transport);
    const phone =
      transport === 'udp'
        ? await rawUdp({ port: relay.port('udp') })
        : await rawStream({ port: relay.port('tcp') });
    const register = {
      method: 'REGISTER',
      uri: 'sip:example.com',
      callId: 'register',
      transport: transport.toUpperCase(),
      port: phone.port,
    };
    phone.send(rawRequest(register));
    const challenge = await phone.next(status(401));
    expect(headerLines(challenge, 'WWW-Authenticate')).toEqual([
      'Digest realm="a,b", nonce="1", algorithm=SHA-256',
      'Digest realm="a,b", nonce="1", qop="auth,auth-int"',
    ]);
    phone.send(
      rawRequest({ ...register, cseq: 2, extra: ['Authorization: Digest username="u", response="r"'] }),
    );
    await phone.next(status(200));
    expect(flows).toEqual(Array(2).fill(`in:${transport}:127.0.0.1:${phone.port}`));
    expect(contacts[0]).toMatch(/^<sip:token@127\.0\.0\.1:\d+(;transport=tcp)?>;expires=3600$/);
  });

  it('nobody from the network can say which flow he is', async () => {
    const end = await startSipEnd(['udp']);
    const seen: string[] = [];
    end.srf.options((req, res) => {
      seen.push(req.get('X-Gatehouse-Flow'));
      res.send(200, { headers: { 'X-Gatehouse-Local': 'secret', 'X-Other': 'kept' } });
    });
    const phone = await rawUdp({ port: end.port('udp') });
    const extra = ['X-Gatehouse-Flow: 001122334455', 'x-gatehouse-flow: other'];
    phone.send(rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId: 'forged', port: phone.port, extra }));
    const answer = await phone.next(status(200));
    expect(seen).toEqual([`in:udp:127.0.0.1:${phone.port}`]);
    expect(answer.headers.filter(({ name }) => name.startsWith('X-'))).toEqual([
      { name: 'X-Other', value: 'kept' },
    ]);
  });
});
