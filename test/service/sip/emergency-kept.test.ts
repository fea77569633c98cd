/** Emergency calls while nothing can be written down, and what is there afterwards. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { readEmergencyCalls, type EmergencyCall } from '../../../appliance/store/emergency-calls.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { storeFile } from '../../../appliance/store/store.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { contact, inviteText, within, type Dialog } from '../../support/sip-calls.ts';
import { startGateway } from '../../support/sip-gateway.ts';
import { register } from '../../support/sip-registering.ts';
import { openSipSite, responseText, sdpText, type Peer, type SipSite } from '../../support/sip-site.ts';
import { openSmallDisk } from '../../support/small-disk.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };

const help: Dialog = {
  callId: 'help',
  from: '"Ann" <sip:1001@office.example>;tag=me',
  to: '<sip:112@127.0.0.1>',
};

/** From INVITE to ACK, through the cloud. */
async function callHelp(site: SipSite, phone: Peer): Promise<void> {
  phone.send(inviteText(help, { uri: 'sip:112@127.0.0.1' }));
  const flow = await site.flow(0);
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '180 Ringing'));
  await phone.response(180);
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(help, answer, 'ACK').text());
  await flow.request('ACK');
}

function evidence(site: SipSite): EmergencyCall[] {
  using reader = openReader(site.directory, 'sip');
  return reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 10 });
}

const written = async (site: SipSite) =>
  await until('the evidence', () => evidence(site).find(({ outcome }) => outcome === 'up'), wait);

it('while another program holds the file, the call connects; then it is written down', async () => {
  const site = await openSipSite();
  const phone = await site.phone('tls');
  await register(site, phone);
  const other = new Database(storeFile(site.directory, 'sip'));
  onTestFinished(() => {
    other.close();
  });
  other.exec('BEGIN IMMEDIATE');
  await callHelp(site, phone);
  expect(evidence(site)).toEqual([]);
  other.exec('COMMIT');
  expect(await written(site)).toMatchObject({ number: '112', name: 'Ann', ways: [{ way: 'cloud' }] });
  await until('the call', () => site.calls().find(({ state }) => state === 'up'), wait);
  await until('the journal', () => site.journal('emergency_call')[0], wait);
});

it.skipIf(process.getuid?.() !== 0)(
  'on a full disk the call connects; when there is room it is written down',
  async () => {
    const disk = openSmallDisk(8);
    const site = await openSipSite({ directory: disk.directory });
    const phone = await site.phone('tls');
    await register(site, phone);
    disk.fill();
    await callHelp(site, phone);
    expect(evidence(site)).toEqual([]);
    disk.empty();
    expect(await written(site)).toMatchObject({
      number: '112',
      ways: [{ way: 'cloud', outcome: 'answered' }],
    });
  },
);

it('with broken files of all other parts it starts, and the call connects', async () => {
  const directory = temporaryDirectory();
  for (const part of ['web', 'provisioning', 'dhcp', 'location', 'cloud'] as const) {
    mkdirSync(join(directory, part));
    writeFileSync(storeFile(directory, part), Buffer.alloc(65_536, 'not a database '));
  }
  const site = await openSipSite({ directory });
  const phone = await site.phone('tls');
  await register(site, phone);
  await callHelp(site, phone);
  expect(await written(site)).toMatchObject({ number: '112', ways: [{ way: 'cloud', outcome: 'answered' }] });
});

it('with a broken file the call connects, and a start sets the broken file aside', async () => {
  const gateway = await startGateway();
  const site = await openSipSite({
    settings: `[gateway]\nhost = "127.0.0.9"\nport = ${gateway.port}\n`,
  });
  const phone = await site.phone('tls');
  await register(site, phone);
  const file = storeFile(site.directory, 'sip');
  for (const name of [file, `${file}-wal`]) writeFileSync(name, Buffer.alloc(262_144, 'not a database '));
  await callHelp(site, phone);
  await site.restartSip();
  expect(site.journal('store_replaced')).toMatchObject([
    { broken_file: expect.stringContaining('.broken-') as string },
  ]);
  const again = await site.phone('tls');
  again.send(inviteText({ ...help, callId: 'again' }, { uri: 'sip:112@127.0.0.1' }));
  const invite = await gateway.request('INVITE');
  const lines = [`Contact: <sip:trunk@127.0.0.9:${gateway.port}>`];
  gateway.send(responseText(invite, '200 OK', { lines, body: sdpText(6000) }));
  await again.response(200);
  expect(await written(site)).toMatchObject({ ways: [{ way: 'gateway', outcome: 'answered' }] });
});
