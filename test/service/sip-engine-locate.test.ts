/** A domain with several servers, named by a real name server (dnsmasq). */
import { randomInt } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import { systemRecords } from '../../appliance/net/service-records.ts';
import { start, until, words } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { newTestAuthority } from '../support/sip-certificates.ts';
import { answerTo, startSipEnd, type SipEnd } from '../support/sip-end.ts';

/** `address:port`. Answers come when it is up. */
async function startNameServer(zone: readonly string[]): Promise<string> {
  const address = `127.${randomInt(2, 254)}.${randomInt(254)}.${randomInt(2, 254)}`;
  const options = '--keep-in-foreground --conf-file=/dev/null --no-hosts --no-resolv --pid-file= --user=root';
  const listen = `--port=5300 --bind-interfaces --listen-address=${address} --local=/#/`;
  const server = start([...words(`dnsmasq ${options} ${listen}`), ...zone]);
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
  });
  const records = systemRecords([`${address}:5300`]);
  const isUp = async () => (await records.srv('_up._tcp.example')).length > 0;
  await until('the name server to answer', isUp, { timeoutMs: 5000, everyMs: 20 });
  return `${address}:5300`;
}

const lookup = async () => await Promise.resolve(['127.0.0.1']);

async function options(end: SipEnd, uri: string) {
  return await answerTo(await end.srf.request(uri, { method: 'OPTIONS' }));
}

it('servers of a domain are tried until one is there and proves to be that domain', async () => {
  const authority = newTestAuthority();
  const server = await startSipEnd(['tls'], { tls: authority.issue(['DNS:cloud.example']) });
  server.srf.options((_req, res) => res.send(200));
  const other = await startSipEnd(['tls'], { tls: authority.issue(['DNS:two.example']) });
  const nobody = await freePort();
  const names = await startNameServer([
    '--srv-host=_up._tcp.example,x,1',
    '--naptr-record=cloud.example,10,10,S,SIPS+D2T,,_sips._tcp.pool.example',
    `--srv-host=_sips._tcp.pool.example,one.example,${nobody},1`,
    `--srv-host=_sips._tcp.pool.example,two.example,${other.port('tls')},2`,
    `--srv-host=_sips._tcp.pool.example,three.example,${server.port('tls')},3`,
  ]);
  const box = await startSipEnd(['udp'], {
    trust: [authority.ca],
    lookup,
    records: systemRecords([names]),
  });
  await expect(options(box, 'sip:x@cloud.example')).resolves.toMatchObject({ status: 200 });
  await expect(options(box, 'sip:x@cloud.example')).resolves.toMatchObject({ status: 200 });
  expect(box.engine.counters()['open_connections']).toBe(1);
  // Its certificate is for the host that the records name, and not for the domain that was asked for.
  expect(other.engine.counters()['requests_received']).toBeUndefined();
});
