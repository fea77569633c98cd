import { describe, expect, it } from 'vitest';
import { answerTo, sdp, startSipEnd, until, type TestDialog } from '../support/sip-end.ts';

describe('calls through a B2BUA', () => {
  it.each([
    ['udp', 'caller'],
    ['udp', 'callee'],
    ['tcp', 'caller'],
    ['tcp', 'callee'],
  ] as const)('a call over %s is set up and ended by the %s', async (transport, who) => {
    const [caller, box, callee] = [
      await startSipEnd([transport]),
      await startSipEnd([transport]),
      await startSipEnd([transport]),
    ];
    const provisional: number[] = [];
    box.srf.invite((req, res) => {
      void (async () => {
        const { uas, uac } = await box.srf.createB2BUA(req, res, `sip:callee@${callee.at(transport)}`, {
          localSdpB: req.body,
        });
        uas.on('destroy', () => void uac.destroy());
        uac.on('destroy', () => void uas.destroy());
      })();
    });
    const ended: string[] = [];
    let theirs: TestDialog | undefined;
    callee.srf.invite((req, res) => {
      res.send(180);
      void (async () => {
        const dialog = await callee.srf.createUAS(req, res, { localSdp: `${sdp}a=callee\r\n` });
        dialog.on('destroy', () => ended.push('callee'));
        theirs = dialog;
      })();
    });
    const ours = await caller.srf.createUAC(
      `sip:callee@${box.at(transport)}`,
      { localSdp: sdp },
      { cbProvisional: (response) => provisional.push(response.status) },
    );
    ours.on('destroy', () => ended.push('caller'));
    expect(provisional).toEqual([100, 180]);
    expect(ours.remote.sdp).toContain('a=callee');
    await until(() => theirs !== undefined, 'the callee');
    await (who === 'caller' ? ours.destroy() : theirs?.destroy());
    await until(() => ended.length === 1, 'the other end');
    expect(ended).toEqual([who === 'caller' ? 'callee' : 'caller']);
    for (const { engine } of [caller, box, callee]) {
      await until(() => engine.counters()['open_dialogs'] === 0, 'dialogs to end');
      expect(engine.counters()['errors']).toBeUndefined();
    }
  });

  it('a caller who gives up before the answer is heard at the other end', async () => {
    const [caller, box, callee] = [
      await startSipEnd(['udp']),
      await startSipEnd(['udp']),
      await startSipEnd(['udp']),
    ];
    box.srf.invite((req, res) => {
      void box.srf
        .createB2BUA(req, res, `sip:callee@${callee.at('udp')}`, { localSdpB: req.body })
        .catch(() => undefined);
    });
    let cancelled = 0;
    callee.srf.invite((req, res) => {
      req.on('cancel', () => (cancelled += 1));
      res.send(180);
    });
    const call = caller.srf.createUAC(
      `sip:callee@${box.at('udp')}`,
      { localSdp: sdp },
      {
        cbRequest: (_error, request) => {
          request.on('response', (response) => {
            if (response.status === 180) request.cancel(() => undefined);
          });
        },
      },
    );
    await expect(call).rejects.toMatchObject({ status: 487 });
    await until(() => cancelled === 1, 'the CANCEL');
    for (const { engine } of [caller, box, callee])
      await until(() => engine.counters()['open_dialogs'] === 0, 'dialogs to end');
  });

  it('a re-INVITE, an INFO and an UPDATE pass in the dialog', async () => {
    const [one, two] = [await startSipEnd(['tcp']), await startSipEnd(['tcp'])];
    const seen: string[] = [];
    two.srf.invite((req, res) => {
      void (async () => {
        const dialog = await two.srf.createUAS(req, res, { localSdp: sdp });
        dialog.on('modify', (request, response) => {
          seen.push('modify');
          response.send(200, { body: request.body });
        });
        dialog.on('info', (request, response) => {
          seen.push(request.body);
          response.send(200);
        });
        dialog.on('update', (_request, response) => {
          seen.push('update');
          response.send(200);
        });
      })();
    });
    const dialog = await one.srf.createUAC(`sip:x@${two.at('tcp')}`, { localSdp: sdp });
    await dialog.modify(`${sdp}a=€\r\n`);
    const info = { method: 'INFO', headers: { 'content-type': 'text/plain' }, body: 'grün €' };
    await expect(dialog.request(info)).resolves.toMatchObject({ status: 200 });
    await expect(dialog.request({ method: 'UPDATE' })).resolves.toMatchObject({ status: 200 });
    expect(dialog.remote.sdp).toContain('a=€');
    expect(seen).toEqual(['modify', 'grün €', 'update']);
    await dialog.destroy();
  });

  it('a body of 100 kB passes', async () => {
    const [one, two] = [await startSipEnd(['tcp']), await startSipEnd(['tcp'])];
    two.srf.message((req, res) =>
      res.send(200, { headers: { 'content-type': 'text/plain' }, body: req.body }),
    );
    const body = '€'.repeat(40_000);
    const sent = await one.srf.request(`sip:x@${two.at('tcp')}`, {
      method: 'MESSAGE',
      headers: { 'content-type': 'text/plain' },
      body,
    });
    const answer = await answerTo(sent);
    expect(answer.body).toBe(body);
  });
});
