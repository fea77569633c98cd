import { describe, expect, it } from 'vitest';
import { headerValue } from '../../appliance/protocol/sip-headers.ts';
import { answerTo, sdp, startSipEnd, until } from '../support/sip-end.ts';
import { method, rawRequest, rawResponse, rawStream, rawUdp, status } from '../support/sip-raw.ts';

describe('what the engine does by itself', () => {
  it('100 comes at once, repeated requests are absorbed, unknown dialogs get 481', async () => {
    const end = await startSipEnd(['udp']);
    let invites = 0;
    end.srf.invite(() => (invites += 1));
    const phone = await rawUdp({ port: end.port('udp') });
    const invite = rawRequest({
      method: 'INVITE',
      uri: 'sip:x',
      callId: 'again',
      branch: 'again',
      port: phone.port,
    });
    phone.send(invite);
    await phone.next(status(100));
    phone.send(invite);
    await phone.next(status(100));
    phone.send(
      rawRequest({ method: 'CANCEL', uri: 'sip:x', callId: 'again', branch: 'again', port: phone.port }),
    );
    await phone.next((message) => status(200)(message) && headerValue(message, 'CSeq') === '1 CANCEL');
    const terminated = await phone.next(status(487));
    const toTag = /tag=(\w+)/.exec(headerValue(terminated, 'To') ?? '')?.[1] ?? '';
    phone.send(
      rawRequest({ method: 'ACK', uri: 'sip:x', callId: 'again', branch: 'again', toTag, port: phone.port }),
    );
    expect(invites).toBe(1);
    for (const name of ['BYE', 'INVITE', 'UPDATE', 'CANCEL']) {
      phone.send(
        rawRequest({ method: name, uri: 'sip:x', callId: 'unknown', toTag: 'nobody', port: phone.port }),
      );
      expect(headerValue(await phone.next(status(481)), 'CSeq')).toBe(`1 ${name}`);
    }
    const broken = rawRequest({ method: 'INVITE', uri: 'sip:x', callId: 'broken', port: phone.port });
    phone.send(broken.replace('Contact: <', 'Contact: "<'));
    await phone.next(status(400));
    phone.send(rawRequest({ method: 'NONSENSE', uri: 'sip:x', callId: 'unknown', port: phone.port }));
    await phone.next(status(501));
  });

  it('200 is repeated until the ACK, which reaches the application', async () => {
    const end = await startSipEnd(['udp']);
    let acknowledged = false;
    end.srf.invite((req, res) => {
      void (async () => {
        const dialog = await end.srf.createUAS(req, res, { localSdp: sdp });
        dialog.on('ack', () => (acknowledged = true));
      })();
    });
    const phone = await rawUdp({ port: end.port('udp') });
    phone.send(rawRequest({ method: 'INVITE', uri: 'sip:x', callId: 'lost', port: phone.port }));
    await phone.next(status(200));
    const again = await phone.next(status(200));
    const toTag = /tag=(\w+)/.exec(headerValue(again, 'To') ?? '')?.[1] ?? '';
    phone.send(rawRequest({ method: 'ACK', uri: 'sip:x', callId: 'lost', toTag, port: phone.port }));
    await until(() => acknowledged, 'the ACK');
    phone.send(rawRequest({ method: 'BYE', uri: 'sip:x', callId: 'lost', cseq: 2, toTag, port: phone.port }));
    await phone.next(status(200));
    expect(end.engine.counters()['open_dialogs']).toBe(0);
  });

  it('the answer of another fork is acknowledged and hung up', async () => {
    const end = await startSipEnd(['udp']);
    const callee = await rawUdp({ port: end.port('udp') });
    const contact = `Contact: <sip:raw@127.0.0.1:${callee.port}>`;
    const call = end.srf.createUAC(`sip:x@127.0.0.1:${callee.port}`, { localSdp: sdp });
    const invite = await callee.next(method('INVITE'));
    callee.send(rawResponse(invite, '200 OK', [contact]));
    await call;
    await callee.next(method('ACK'));
    callee.send(rawResponse(invite, '200 OK', [contact]));
    await callee.next(method('ACK'));
    callee.send(rawResponse(invite, '200 OK', [contact]).replace('tag=rawuas', 'tag=fork'));
    const ack = await callee.next(method('ACK'));
    const bye = await callee.next(method('BYE'));
    expect([ack, bye].map((message) => headerValue(message, 'To'))).toEqual(
      Array(2).fill(expect.stringContaining('tag=fork')),
    );
    expect(end.engine.counters()['open_dialogs']).toBe(1);
  });

  it('a connection that breaks in the middle of a request ends it with 503', async () => {
    const [one, two] = [await startSipEnd(['tcp']), await startSipEnd(['tcp'])];
    let phoneFlow = '';
    two.srf.invite((req) => (phoneFlow = req.get('X-Gatehouse-Flow')));
    const lost: string[] = [];
    one.engine.onFlowLost((flow) => lost.push(flow));
    const call = one.srf.createUAC(`sip:x@${two.at('tcp')}`, {
      localSdp: sdp,
      proxy: `sip:${two.at('tcp')};flow=line-1`,
    });
    await until(() => phoneFlow !== '', 'the INVITE');
    two.engine.closeFlow(phoneFlow);
    await expect(call).rejects.toMatchObject({ status: 503 });
    expect(lost).toEqual(['line-1']);
  });

  it('requests over a phone’s own connection reuse it, and fail at once when it is gone', async () => {
    const end = await startSipEnd(['tcp']);
    const phone = await rawStream({ port: end.port('tcp') });
    const route = `sip:127.0.0.1:${phone.port};transport=tcp;ob`;
    const sent = await end.srf.request('sip:phone@office', { method: 'OPTIONS', proxy: route });
    phone.send(rawResponse(await phone.next(method('OPTIONS')), '200 OK'));
    await expect(answerTo(sent)).resolves.toMatchObject({ status: 200 });
    phone.close();
    await until(() => end.engine.counters()['open_connections'] === 0, 'the connection to end');
    const failed = await end.srf.request('sip:phone@office', { method: 'OPTIONS', proxy: route });
    const answer = await answerTo(failed);
    expect([answer.status, answer.get('X-Gatehouse-Local')]).toEqual([430, 'flow-failed']);
  });

  it('a request that comes byte by byte over TCP is one request', async () => {
    const end = await startSipEnd(['tcp']);
    const bodies: string[] = [];
    end.srf.message((req, res) => {
      bodies.push(req.body);
      res.send(200);
    });
    const phone = await rawStream({ port: end.port('tcp') });
    const request = { method: 'MESSAGE', uri: 'sip:x', callId: 'bytes', transport: 'TCP', port: phone.port };
    const text = rawRequest({ ...request, extra: ['Content-Type: text/plain'], body: 'grün' });
    for (const byte of Buffer.from(text)) {
      phone.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await phone.next(status(200));
    expect(bodies).toEqual(['grün']);
  });
});

describe('what the engine does not take', () => {
  it('a response with a second Via is for somebody else', async () => {
    const end = await startSipEnd(['udp']);
    const phone = await rawUdp({ port: end.port('udp') });
    const sent = await end.srf.request(`sip:x@127.0.0.1:${phone.port}`, { method: 'OPTIONS' });
    const asked = await phone.next(method('OPTIONS'));
    const second = 'Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bKother';
    phone.send(rawResponse(asked, '404 Not Found', [second]));
    phone.send(rawResponse(asked, '200 OK'));
    await expect(answerTo(sent)).resolves.toMatchObject({ status: 200 });
    expect(end.engine.counters()['responses_ignored']).toBe(1);
  });

  it('requests whose branch is the bare cookie are not taken for each other', async () => {
    const end = await startSipEnd(['udp']);
    end.srf.options((_req, res) => res.send(200));
    const phone = await rawUdp({ port: end.port('udp') });
    for (const callId of ['one', 'two']) {
      phone.send(rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId, branch: '', port: phone.port }));
      expect(headerValue(await phone.next(status(200)), 'Call-ID')).toBe(callId);
    }
  });

  it('what a proxy must be able to do is refused by name, but for privacy, which goes on to the cloud', async () => {
    const end = await startSipEnd(['udp']);
    end.srf.options((_req, res) => res.send(200));
    const phone = await rawUdp({ port: end.port('udp') });
    const options = (tags: string) =>
      rawRequest({
        method: 'OPTIONS',
        uri: 'sip:x',
        callId: `tags${tags.length}`,
        port: phone.port,
        extra: [`Proxy-Require: ${tags}`],
      });
    phone.send(options('privacy'));
    await phone.next(status(200));
    phone.send(options('privacy, magic'));
    expect(headerValue(await phone.next(status(420)), 'Unsupported')).toBe('magic');
  });

  it('who sent something broken is told what is wrong with it', async () => {
    const end = await startSipEnd(['udp']);
    const phone = await rawUdp({ port: end.port('udp') });
    const whole = rawRequest({ method: 'INVITE', uri: 'sip:x', callId: 'broken', port: phone.port });
    phone.send(whole.replace('CSeq: 1 INVITE', 'CSeq: 1 BYE'));
    expect(await phone.next(status(400))).toMatchObject({ reason: 'Bad Request: CSeq of another method' });
  });

  it('a message that would become another is refused', async () => {
    const end = await startSipEnd(['udp']);
    const phone = await rawUdp({ port: end.port('udp') });
    const send = async (headers: Record<string, string>) =>
      await end.srf.request(`sip:x@127.0.0.1:${phone.port}`, { method: 'OPTIONS', headers });
    await expect(send({ subject: 'a\nEvil: 1' })).rejects.toThrow(/CR or LF/);
    await expect(send({ subject: 'a\0' })).rejects.toThrow(/bad header Subject/);
    await expect(send({ subject: 'a\r\nTo: <sip:evil>', to: '<sip:good@x>' })).rejects.toThrow(
      /bad header To/,
    );
    await expect(send({ subject: 'a\r\n\r\nbody' })).rejects.toThrow(/ends too early/);
    expect(phone.received).toEqual([]);
  });
});
