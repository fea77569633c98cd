/**
 * What any drachtio-compatible server must do, told by SIPp and unmodified drachtio-srf, which reaches the server over TCP: our engine as
 * a process of its own, and a server elsewhere where GATEHOUSE_SIP_SERVER names one (test/README.md).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../appliance/sip/engine/engine.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { freePort } from '../support/free-port.ts';
import { sdp, type TestAnswer, type TestRequest, type TestSrf } from '../support/sip-end.ts';
import { connected, namedServer, startServerProcess, type ServerAddress } from '../support/sip-server.ts';
import { startSipp } from '../support/sipp.ts';
import { playPhone } from '../support/sipp-phone.ts';

const local = ['-i', '127.0.0.1', '-mi', '127.0.0.1'];
const registerScenario = join(import.meta.dirname, '../bench/sipp-register.xml');

type OpenServer = () => Promise<ServerAddress>;

/** Calls of SIPp to the server; with 0 all went as its scenario says. */
async function callers(
  to: { address: string; port: number },
  options: readonly string[],
): Promise<number | null> {
  const sipp = startSipp([`${to.address}:${to.port}`, '-m', '10', '-r', '10', ...options, ...local]);
  return (await sipp.ended).code;
}

function answerCalls(srf: TestSrf): { ended: number } {
  const count = { ended: 0 };
  const answer = async (req: TestRequest, res: TestAnswer) => {
    const dialog = await srf.createUAS(req, res, { localSdp: sdp });
    dialog.on('destroy', () => (count.ended += 1));
  };
  srf.invite((req, res) => void answer(req, res));
  return count;
}

/** Who hangs up first ends both legs. */
async function bridge(
  srf: TestSrf,
  { req, res, target }: { req: TestRequest; res: TestAnswer; target: string },
): Promise<void> {
  const { uas, uac } = await srf.createB2BUA(req, res, target, { localSdpB: req.body });
  uas.on('destroy', () => void uac.destroy().catch(() => undefined));
  uac.on('destroy', () => void uas.destroy().catch(() => undefined));
}

const agree = (_request: TestRequest, answer: TestAnswer) => answer.send(200, { body: sdp });

/** Takes calls and whatever comes in them. */
async function takeCall(srf: TestSrf, req: TestRequest, res: TestAnswer): Promise<void> {
  const dialog = await srf.createUAS(req, res, { localSdp: sdp });
  dialog.on('modify', agree);
  dialog.on('update', agree);
  dialog.on('info', (_request, answer) => answer.send(200));
}

function scenarios(open: OpenServer): void {
  it.each(['udp', 'tcp'] as const)(
    'calls that come over %s are answered and hung up',
    async (transport: Transport) => {
      const { srf, at } = await connected(await open());
      const to = at(transport);
      expect(to, `a listener over ${transport}`).toBeDefined();
      const count = answerCalls(srf);
      const mode = ['-t', transport === 'udp' ? 'u1' : 't1'];
      expect(await callers(to ?? { address: '', port: 0 }, ['-sn', 'uac', '-d', '100', ...mode])).toBe(0);
      expect(count.ended).toBe(10);
    },
  );

  it.each([
    'call-is-answered-and-hung-up',
    'hold-and-resume-are-taken',
    'update-crosses',
    'dtmf-by-info-crosses',
    'late-ack-is-taken',
    'short-session-is-422',
  ])('%s', async (scenario) => {
    const { srf, at } = await connected(await open());
    srf.invite((req, res) => void takeCall(srf, req, res));
    const { address, port } = at('udp') ?? { address: '', port: 0 };
    const played = await playPhone(scenario, { to: port, from: await freePort(), server: address });
    expect(played).toMatchObject({ code: 0 });
  });

  it('call-taken-back-is-487', async () => {
    const { srf, at } = await connected(await open());
    const told = new Promise<void>((resolve) => {
      srf.invite((req, res) => {
        req.on('cancel', () => resolve());
        res.send(180);
      });
    });
    const { address, port } = at('udp') ?? { address: '', port: 0 };
    const phone = { to: port, from: await freePort(), server: address };
    expect(await playPhone('call-taken-back-is-487', phone)).toMatchObject({ code: 0 });
    await told;
  });

  it('calls that the application makes are answered, and it hangs up', async () => {
    const { srf } = await connected(await open());
    const port = await freePort();
    const callee = startSipp(['-sn', 'uas', '-m', '3', '-p', String(port), ...local]);
    for (let call = 0; call < 3; call += 1) {
      const dialog = await srf.createUAC(`sip:service@127.0.0.1:${port}`, { localSdp: sdp });
      await dialog.destroy();
    }
    expect((await callee.ended).code).toBe(0);
  });

  it('calls go through a back-to-back user agent', async () => {
    const { srf, at } = await connected(await open());
    const port = await freePort();
    const callee = startSipp(['-sn', 'uas', '-m', '10', '-p', String(port), ...local]);
    srf.invite((req, res) => void bridge(srf, { req, res, target: `sip:service@127.0.0.1:${port}` }));
    expect(await callers(at('udp') ?? { address: '', port: 0 }, ['-sn', 'uac', '-d', '100'])).toBe(0);
    expect((await callee.ended).code).toBe(0);
  });

  it('registrations reach the application, and its answers the phones', async () => {
    const { srf, at } = await connected(await open());
    const users = join(temporaryDirectory(), 'users.csv');
    writeFileSync(users, 'SEQUENTIAL\n1001;\n1002;\n');
    srf.register((_req, res) => res.send(200, { headers: { Expires: '60' } }));
    expect(
      await callers(at('udp') ?? { address: '', port: 0 }, ['-sf', registerScenario, '-inf', users]),
    ).toBe(0);
  });
}

describe('our engine as a process', () => {
  scenarios(async () => await startServerProcess());
});

const skipped = namedServer === undefined ? ' (it names none: skipped)' : '';
describe.skipIf(namedServer === undefined)(`the SIP server that GATEHOUSE_SIP_SERVER names${skipped}`, () => {
  scenarios(async () => {
    if (namedServer === undefined) throw new Error('no server is named');
    return await Promise.resolve(namedServer);
  });
});
