/** The engine against SIPp, which shares nothing with it: as caller, as callee, and as both with a B2BUA between. */
import { createSocket } from 'node:dgram';
import { describe, expect, it } from 'vitest';
import { sdp, startSipEnd, until, type SipEnd } from '../support/sip-end.ts';
import { startSipp } from '../support/sipp.ts';

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => {
    socket.close(resolve);
  });
  return port;
}

/** Every call that comes goes on to `target`; who hangs up first ends both legs. */
function bridge(box: SipEnd, target: string): void {
  box.srf.invite((req, res) => {
    void (async () => {
      const { uas, uac } = await box.srf.createB2BUA(req, res, target, { localSdpB: req.body });
      uas.on('destroy', () => void uac.destroy().catch(() => undefined));
      uac.on('destroy', () => void uas.destroy().catch(() => undefined));
    })();
  });
}

const local = ['-i', '127.0.0.1', '-mi', '127.0.0.1'];

describe('SIPp', () => {
  it.each([
    ['udp', 'u1'],
    ['tcp', 't1'],
  ] as const)('calls over %s and is answered', async (transport, mode) => {
    const end = await startSipEnd([transport]);
    let ended = 0;
    end.srf.invite((req, res) => {
      res.send(180);
      void (async () => {
        const dialog = await end.srf.createUAS(req, res, { localSdp: sdp });
        dialog.on('destroy', () => (ended += 1));
      })();
    });
    const calls = ['-m', '20', '-r', '20', '-t', mode];
    const sipp = startSipp([
      `127.0.0.1:${end.port(transport)}`,
      '-sn',
      'uac',
      '-d',
      '100',
      ...calls,
      ...local,
    ]);
    await expect(sipp.ended).resolves.toMatchObject({ code: 0 });
    expect(ended).toBe(20);
    await until(() => end.engine.counters()['open_dialogs'] === 0, 'dialogs to end');
    expect(end.engine.counters()['errors']).toBeUndefined();
  });

  it('answers calls of the engine', async () => {
    const port = await freePort();
    const sipp = startSipp(['-sn', 'uas', '-m', '5', '-p', String(port), ...local]);
    const end = await startSipEnd(['udp']);
    for (let at = 0; at < 5; at += 1) {
      const dialog = await end.srf.createUAC(`sip:service@127.0.0.1:${port}`, { localSdp: sdp });
      await dialog.destroy();
    }
    await expect(sipp.ended).resolves.toMatchObject({ code: 0 });
    expect(end.engine.counters()['open_dialogs']).toBe(0);
  });

  it('is on both sides of a B2BUA for a hundred calls', async () => {
    const port = await freePort();
    const callee = startSipp(['-sn', 'uas', '-m', '100', '-p', String(port), ...local]);
    const box = await startSipEnd(['udp']);
    bridge(box, `sip:service@127.0.0.1:${port}`);
    const calls = ['-m', '100', '-r', '50', '-d', '200'];
    const caller = startSipp([`127.0.0.1:${box.port('udp')}`, '-sn', 'uac', ...calls, ...local]);
    await expect(caller.ended).resolves.toMatchObject({ code: 0 });
    await expect(callee.ended).resolves.toMatchObject({ code: 0 });
    await until(() => box.engine.counters()['open_dialogs'] === 0, 'dialogs to end');
    const { errors, requests_timed_out: timedOut, answers_not_acknowledged: lost } = box.engine.counters();
    expect({ errors, timedOut, lost }).toEqual({});
  });
});
