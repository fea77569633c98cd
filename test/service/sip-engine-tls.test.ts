import { describe, expect, it } from 'vitest';
import { headerValue } from '../../appliance/protocol/sip-headers.ts';
import { newTestAuthority } from '../support/sip-certificates.ts';
import { answerTo, sdp, startSipEnd, until, type SipEnd } from '../support/sip-end.ts';
import { method, rawRequest, rawResponse, rawStream, status } from '../support/sip-raw.ts';

const lookup = async () => await Promise.resolve(['127.0.0.1']);

async function options(end: SipEnd, route: string) {
  return await answerTo(await end.srf.request('sip:x@cloud.example', { method: 'OPTIONS', proxy: route }));
}

describe('TLS to a server', () => {
  it('a trusted certificate for the name is taken, and one connection serves all requests of a flow', async () => {
    const authority = newTestAuthority();
    const server = await startSipEnd(['tls'], { tls: authority.issue(['DNS:cloud.example']) });
    const box = await startSipEnd(['udp'], { trust: [authority.ca], lookup });
    const flows: string[] = [];
    server.srf.options((req, res) => {
      flows.push(req.get('X-Gatehouse-Flow'));
      res.send(200);
    });
    const route = (flow: string) => `sip:cloud.example:${server.port('tls')};transport=tls;flow=${flow}`;
    for (const flow of ['phone-1', 'phone-1', 'phone-2']) {
      await expect(options(box, route(flow))).resolves.toMatchObject({ status: 200 });
    }
    expect(flows[0]).toMatch(/^in:tls:127\.0\.0\.1:\d+$/);
    expect(flows[1]).toBe(flows[0]);
    expect(flows[2]).not.toBe(flows[0]);
    expect(box.engine.counters()['open_connections']).toBe(2);
  });

  it.each([
    ['for another name', ['DNS:other.example'], {}],
    ['for another SIP domain', ['URI:sip:other.example', 'DNS:cloud.example'], {}],
    ['of an unknown authority', ['DNS:cloud.example'], { isTrusted: false }],
    ['that has expired', ['DNS:cloud.example'], { days: -1 }],
    ['for the address only', ['IP:127.0.0.1'], {}],
  ] as [string, string[], { isTrusted?: boolean; days?: number }][])(
    'a certificate %s is refused, and nothing is sent',
    async (_title, names, { isTrusted = true, days = 10 }) => {
      const authority = newTestAuthority();
      const server = await startSipEnd(['tls'], { tls: authority.issue(names, days) });
      const box = await startSipEnd(['udp'], { trust: isTrusted ? [authority.ca] : [], lookup });
      const answer = await options(box, `sip:cloud.example:${server.port('tls')};transport=tls;flow=a`);
      expect([answer.status, answer.get('X-Gatehouse-Local')]).toEqual([503, 'unreachable']);
      expect(server.engine.counters()['requests_received']).toBeUndefined();
    },
  );

  it('a flow that was lost is said, and opened again by the next request', async () => {
    const authority = newTestAuthority();
    const server = await startSipEnd(['tls'], { tls: authority.issue(['DNS:cloud.example']) });
    const box = await startSipEnd(['udp'], { trust: [authority.ca], lookup });
    const flows: string[] = [];
    server.srf.options((req, res) => {
      flows.push(req.get('X-Gatehouse-Flow'));
      res.send(200);
    });
    const lost: string[] = [];
    box.engine.onFlowLost((flow) => lost.push(flow));
    const route = `sip:cloud.example:${server.port('tls')};transport=tls;flow=phone-1`;
    await options(box, route);
    server.engine.closeFlow(flows[0] ?? '');
    await until(() => lost.length > 0, 'the loss');
    await expect(options(box, route)).resolves.toMatchObject({ status: 200 });
    box.engine.closeFlow('phone-1');
    await until(() => box.engine.counters()['open_connections'] === 0, 'the connection to end');
    expect(lost).toEqual(['phone-1']);
  });

  it('the cloud calls over the flow that a phone registered on, and the call stays on it', async () => {
    const authority = newTestAuthority();
    const cloud = await startSipEnd(['tls'], { tls: authority.issue(['DNS:cloud.example']) });
    const box = await startSipEnd(['udp'], { trust: [authority.ca], lookup });
    let phoneFlow = '';
    let contact = '';
    cloud.srf.register((req, res) => {
      phoneFlow = req.get('X-Gatehouse-Flow');
      contact = /<(.*)>/.exec(req.get('contact'))?.[1] ?? '';
      res.send(200);
    });
    const seen: string[] = [];
    let ended = false;
    box.srf.invite((req, res) => {
      seen.push(req.get('X-Gatehouse-Flow'));
      void (async () => {
        const dialog = await box.srf.createUAS(req, res, { localSdp: sdp });
        dialog.on('destroy', () => (ended = true));
      })();
    });
    const route = `sip:cloud.example:${cloud.port('tls')};transport=tls;flow=phone-1`;
    const headers = { contact: '<sip:token@localhost>' };
    await answerTo(await box.srf.request('sip:cloud.example', { method: 'REGISTER', headers, proxy: route }));
    expect(contact).toBe(`sip:token@127.0.0.1:${phoneFlow.split(':').at(-1)};transport=tls`);
    const call = await cloud.srf.createUAC(contact, { localSdp: sdp, proxy: `${contact};ob` });
    await call.destroy();
    expect(seen).toEqual(['phone-1']);
    await until(() => ended, 'the end of the call');
    expect(cloud.engine.counters()['open_connections']).toBe(1);
  });
});

it('when the certificate of a server ends is known from the connection to it', async () => {
  const authority = newTestAuthority();
  const server = await startSipEnd(['tls'], { tls: authority.issue(['DNS:cloud.example'], 3) });
  server.srf.options((_req, res) => res.send(200));
  const box = await startSipEnd(['udp'], { trust: [authority.ca], lookup });
  await options(box, `sip:cloud.example:${server.port('tls')};transport=tls`);
  const endsAt = box.engine.certificateEnds?.().get('cloud.example') ?? 0;
  expect(Math.round((endsAt - Date.now()) / 86_400_000)).toBe(3);
});

describe('TLS from a phone', () => {
  it('a new certificate is shown to new connections, and the open one goes on', async () => {
    const [before, after] = [newTestAuthority(), newTestAuthority()];
    const box = await startSipEnd(['tls'], { tls: before.issue(['DNS:localhost']) });
    box.srf.options((_req, res) => res.send(200));
    const open = await rawStream({ port: box.port('tls'), ca: before.ca });
    box.engine.setIdentity(after.issue(['DNS:localhost']));
    const next = await rawStream({ port: box.port('tls'), ca: after.ca });
    for (const phone of [open, next]) {
      const { port } = phone;
      phone.send(rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId: `o${port}`, transport: 'TLS', port }));
      await phone.next(status(200));
    }
    expect(box.engine.counters()['open_connections']).toBe(2);
  });

  it('requests to the phone go over the connection that it made', async () => {
    const authority = newTestAuthority();
    const box = await startSipEnd(['tls'], { tls: authority.issue(['DNS:localhost']) });
    let flow = '';
    box.srf.register((req, res) => {
      flow = req.get('X-Gatehouse-Flow');
      res.send(200);
    });
    const phone = await rawStream({ port: box.port('tls'), ca: authority.ca });
    phone.send(
      rawRequest({ method: 'REGISTER', uri: 'sip:x', callId: 'r', transport: 'TLS', port: phone.port }),
    );
    await phone.next(status(200));
    expect(flow).toBe(`in:tls:127.0.0.1:${phone.port}`);
    const sent = box.srf.createUAC('sip:phone@x', {
      localSdp: sdp,
      proxy: `sip:127.0.0.1:${phone.port};transport=tls;ob`,
    });
    const invite = await phone.next(method('INVITE'));
    expect(headerValue(invite, 'Via')).toMatch(new RegExp(`^SIP/2.0/TLS 127.0.0.1:${box.port('tls')};`));
    expect(headerValue(invite, 'Contact')).toBe(`<sip:127.0.0.1:${box.port('tls')};transport=tls>`);
    phone.send(rawResponse(invite, '200 OK', ['Contact: <sip:phone@10.9.9.9:5060;transport=tls>']));
    const dialog = await sent;
    await phone.next(method('ACK'));
    const ended = dialog.destroy();
    const bye = await phone.next(method('BYE'));
    expect(bye).toMatchObject({ uri: 'sip:phone@10.9.9.9:5060;transport=tls' });
    phone.send(rawResponse(bye, '200 OK'));
    await ended;
  });

  it('a ping is answered', async () => {
    const authority = newTestAuthority();
    const box = await startSipEnd(['tls'], { tls: authority.issue(['DNS:localhost']) });
    box.srf.options((_req, res) => res.send(200));
    const phone = await rawStream({ port: box.port('tls'), ca: authority.ca });
    phone.send('\r\n\r\n');
    phone.send(
      rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId: 'o', transport: 'TLS', port: phone.port }),
    );
    await phone.next(status(200));
    expect(phone.emptyLines).toBe(1);
  });
});
