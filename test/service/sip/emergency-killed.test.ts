/** Calls for help, and a SIP part that was killed in the middle of some. */
import { readFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { startSip } from '../../../appliance/sip/relay.ts';
import { readEmergencyCalls, type EmergencyCall } from '../../../appliance/store/emergency-calls.ts';
import { openReader } from '../../../appliance/store/reader.ts';
import { storeFile } from '../../../appliance/store/store.ts';
import { openWorld } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { contact, inviteText, within, type Dialog } from '../../support/sip-calls.ts';
import { register } from '../../support/sip-registering.ts';
import { openSipSite, responseText, sdpText, type Peer, type SipSite } from '../../support/sip-site.ts';
import { openSmallDisk } from '../../support/small-disk.ts';

const wait = { timeoutMs: 5000, everyMs: 10 };
const help: Dialog = {
  callId: 'help',
  from: '"Ann" <sip:1001@office.example>;tag=me',
  to: '<sip:112@127.0.0.1>',
};

/** `before`: with the files as the part that is gone left them. */
async function restartable(before: () => void, options: Parameters<typeof openSipSite>[0] = {}) {
  let isFirst = true;
  const site = await openSipSite({
    ...options,
    startSip: async (file) => {
      if (!isFirst) before();
      isFirst = false;
      return await startSip(openWorld('silent'), parseConfig(readFileSync(file, 'utf8')));
    },
  });
  const phone = await site.phone('tls');
  await register(site, phone);
  return { site, phone };
}

/** Up, and over: written down all of it. */
async function helped(site: SipSite, phone: Peer): Promise<void> {
  phone.send(inviteText(help, { uri: 'sip:112@127.0.0.1' }));
  const flow = await site.flow(0);
  flow.send(responseText(await flow.request('INVITE'), '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(help, answer, 'ACK').text());
  await flow.request('ACK');
  phone.send(within(help, answer, 'BYE').text({ cseq: 2 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await until('the end', () => site.calls().find(({ state }) => state === 'ended'), wait);
  await until('the evidence', () => evidence(site)[0]?.endedAt, wait);
}

/** By the cloud: what the phone hears. */
async function takenAgain(site: SipSite): Promise<number> {
  const again = await site.phone('tls');
  again.send(inviteText({ ...help, callId: 'again' }, { uri: 'sip:112@127.0.0.1' }));
  const flow = await site.flow(1);
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  return (await again.response(200)).status;
}

function evidence(site: SipSite): EmergencyCall[] {
  using reader = openReader(site.directory, 'sip');
  return reader === undefined ? [] : readEmergencyCalls(reader.db, { limit: 10 });
}

function change(directory: string, ...statements: readonly string[]): void {
  const file = new Database(storeFile(directory, 'sip'));
  for (const statement of statements) file.exec(statement);
  file.close();
}

const asRinging = [
  `UPDATE call SET state = 'ringing', answered_at = NULL, ended_at = NULL, reason = NULL`,
  `UPDATE emergency_call SET body = json_set(json_remove(body, '$.outcome', '$.answeredAt', '$.endedAt'), '$.ways[0].outcome', 'trying')`,
  `DELETE FROM journal WHERE kind = 'emergency_call'`,
];

it.skipIf(process.getuid?.() !== 0)(
  'with calls that were left ringing and a full disk it starts, and the next call for help goes out',
  async () => {
    const disk = openSmallDisk(8);
    const { directory } = disk;
    const leave = () => {
      change(directory, ...asRinging);
      disk.fill();
    };
    const { site, phone } = await restartable(leave, { directory });
    await helped(site, phone);
    await site.restartSip();
    expect(await takenAgain(site)).toBe(200);
    disk.empty();
    await until('the end of the other', () => site.calls().find(({ state }) => state === 'ended'), wait);
  },
);

it('while another program holds its file it starts, and the next call for help goes out', async () => {
  const directory = temporaryDirectory();
  let other: Database.Database | undefined;
  const { site, phone } = await restartable(
    () => {
      change(directory, ...asRinging);
      other = new Database(storeFile(directory, 'sip'));
      other.exec('BEGIN IMMEDIATE');
    },
    { directory },
  );
  onTestFinished(() => {
    other?.close();
  });
  await helped(site, phone);
  await site.restartSip();
  expect(await takenAgain(site)).toBe(200);
  other?.exec('COMMIT');
  await until('the end of the other', () => site.calls().find(({ state }) => state === 'ended'), wait);
});

it('a call for help that rang when it was killed is told of as lost with it, once', async () => {
  const directory = temporaryDirectory();
  const { site, phone } = await restartable(() => change(directory, ...asRinging), { directory });
  await helped(site, phone);
  await site.restartSip();
  const told = await until('it to be told', () => site.journal('emergency_call')[0], wait);
  expect(told).toMatchObject({ to: '112', way: 'nobody', outcome: 'lost with the process' });
  expect(evidence(site)).toMatchObject([
    { outcome: 'lost with the process', ways: [{ way: 'cloud', outcome: 'lost with the process' }] },
  ]);
  expect(evidence(site)[0]?.endedAt).toBeGreaterThan(0);
});

it('of one that was up then the end is kept too', async () => {
  const directory = temporaryDirectory();
  const asUp = [
    `UPDATE call SET state = 'up', ended_at = NULL, reason = NULL`,
    `UPDATE emergency_call SET body = json_remove(body, '$.endedAt')`,
  ];
  const { site, phone } = await restartable(() => change(directory, ...asUp), { directory });
  await helped(site, phone);
  await site.restartSip();
  await until('its end', () => evidence(site)[0]?.endedAt, wait);
  expect(evidence(site)).toMatchObject([{ outcome: 'up', ways: [{ outcome: 'answered' }] }]);
});
