/** Requests that don't fit into one datagram, to phones on UDP. */
import { expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { answerTo, sdp, startSipEnd, type SipEnd } from '../support/sip-end.ts';

const small = 'x'.repeat(100);
const large = 'x'.repeat(2000);

/** On one port, as a phone has it. */
async function startPhone(transports: readonly ('udp' | 'tcp')[]) {
  const port = await freePort();
  const listen = transports.map((transport) => ({ transport, address: '127.0.0.1', port }));
  const phone = await startSipEnd([], { listen });
  const came: string[] = [];
  phone.srf.message((req, res) => {
    came.push(req.protocol);
    res.send(200);
  });
  return { phone, port, came };
}

async function sendMessages(box: SipEnd, port: number): Promise<number[]> {
  const statuses: number[] = [];
  for (const body of [small, large, large]) {
    const headers = { 'content-type': 'text/plain' };
    const uri = `sip:x@127.0.0.1:${port};transport=udp`;
    const sent = await box.srf.request(uri, { method: 'MESSAGE', headers, body });
    statuses.push((await answerTo(sent)).status);
  }
  return statuses;
}

it.each([
  {
    what: 'go over TCP where the policy says so',
    largeOverTcp: true,
    listens: ['udp', 'tcp'],
    expected: ['udp', 'tcp', 'tcp'],
  },
  {
    what: 'stay on UDP without the policy',
    largeOverTcp: false,
    listens: ['udp', 'tcp'],
    expected: ['udp', 'udp', 'udp'],
  },
  {
    what: 'stay on UDP when nobody takes a connection',
    largeOverTcp: true,
    listens: ['udp'],
    expected: ['udp', 'udp', 'udp'],
  },
] as const)('large requests $what', async ({ largeOverTcp, listens, expected }) => {
  const { port, came } = await startPhone(listens);
  const box = await startSipEnd(['udp'], { largeOverTcp });
  expect(await sendMessages(box, port)).toEqual([200, 200, 200]);
  expect(came).toEqual(expected);
  expect(box.engine.counters()['requests_larger_than_a_datagram']).toBe(2);
});

it('a call that began over TCP goes on there', async () => {
  const { phone, port } = await startPhone(['udp', 'tcp']);
  const byes: string[] = [];
  phone.srf.invite((req, res) => {
    void (async () => {
      const dialog = await phone.srf.createUAS(req, res, { localSdp: sdp });
      dialog.on('destroy', (bye) => byes.push(bye.protocol));
    })();
  });
  const box = await startSipEnd(['udp'], { largeOverTcp: true });
  const localSdp = sdp + 'a=x\r\n'.repeat(400);
  const dialog = await box.srf.createUAC(`sip:x@127.0.0.1:${port}`, { localSdp });
  await dialog.destroy();
  expect(byes).toEqual(['tcp']);
});
