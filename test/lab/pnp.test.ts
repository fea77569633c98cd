/** SIP plug and play beside the SIP engine on one machine, port 5060 both: who gets what, by clients and a capture. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCapture, type Capture } from '../support/capture.ts';
import { until, words, type Running } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import type { Heard } from '../support/pnp-peer.ts';
import { readJournal } from '../support/provisioning.ts';

const [boxAddress, phoneAddress, rivalAddress] = ['10.66.0.1', '10.66.0.101', '10.66.0.66'] as const;
const main = join(import.meta.dirname, '../../appliance/main.ts');
const patience = { timeoutMs: 20_000, everyMs: 50 };

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let lab: Lab;
let box: Namespace;
let phones: Namespace;
let running: Running;
let capture: Capture;
let config: string;

const state = () => join(lab.directory, 'state');

beforeAll(async () => {
  lab = opened.use(openLab());
  box = await lab.namespace('box');
  phones = await lab.namespace('phones');
  await lab.wire({ namespace: box, card: 'eth0' }, { namespace: phones, card: 'eth0' });
  for (const [namespace, own] of [
    [box, [boxAddress]],
    [phones, [phoneAddress, rivalAddress]],
  ] as const) {
    for (const ip of own) await namespace.exec(['ip', 'addr', 'add', `${ip}/24`, 'dev', 'eth0']);
    await namespace.exec(words('ip link set eth0 up'));
  }
  const file = join(lab.directory, 'lan.pcap');
  capture = opened.use(await startCapture(phones, { card: 'eth0', file, filter: 'udp port 5060' }));
  config = join(lab.directory, 'gatehouse.toml');
  writeFileSync(
    config,
    `[site]\naddress = "${boxAddress}"\nstate_directory = "${state()}"\n[provisioning]\npnp = "answer"\n`,
  );
});

afterAll(() => opened.disposeAsync());

/** What this peer hears, as it comes. */
function startPeer(role: 'phone' | 'rival', address: string): Heard[] {
  const heard: Heard[] = [];
  const program = join(import.meta.dirname, '../support/pnp-peer.ts');
  opened.use(
    phones.start([process.execPath, program, role, address, boxAddress], {
      onLine: (line) => heard.push(JSON.parse(line) as Heard),
    }),
  );
  return heard;
}

const rivals = () => readJournal(state()).filter(({ kind }) => kind === 'pnp_rival');

/** Packets of the capture. */
async function sent(from: string, to: string): Promise<number> {
  const text = await capture.text(`src host ${from} and dst host ${to}`, ['-q']);
  return text.split('\n').filter(Boolean).length;
}

interface Parts {
  readonly parts: readonly { readonly name: string; readonly counters: Readonly<Record<string, number>> }[];
}

async function counters(part: string): Promise<Readonly<Record<string, number>>> {
  const call = [process.execPath, main, ...words('status --json --config'), config];
  const { parts } = JSON.parse(await box.exec(call, { anyExitCode: true })) as Parts;
  return parts.find(({ name }) => name === part)?.counters ?? {};
}

test('somebody else who answers phones is told before the first phone asks', async () => {
  const heard = startPeer('rival', rivalAddress);
  await until(
    'the rival to listen',
    async () => (await phones.exec(words('ss -Hlnu'))).includes('224.0.1.75:5060') || undefined,
    patience,
  );
  running = opened.use(
    box.start([process.execPath, main, ...words('run provisioning sip rtp --config'), config]),
  );
  await until('the box to ask the group', () => heard.find(({ from }) => from.startsWith(boxAddress)), {
    ...patience,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
  await until('the rival to be in the journal', () => rivals()[0], patience);
  expect(rivals().map(({ body }) => JSON.parse(body) as unknown)).toEqual([
    { ip: rivalAddress, url: 'http://rival/' },
  ]);
});

test('a phone that asks the group is answered by plug and play, one that asks the box by the SIP engine', async () => {
  const listens = async () => (await box.exec(words('ss -Hlnu'))).includes(`${boxAddress}:5060`) || undefined;
  await until('the SIP engine to listen', listens, { ...patience, lastSeen: running.lastWords });
  const before = await counters('sip');
  const heard = startPeer('phone', phoneAddress);
  await until('three answers', () => heard.length >= 3 || undefined, {
    ...patience,
    lastSeen: () => JSON.stringify(heard),
  });
  expect(heard).toMatchObject([
    { from: `${boxAddress}:5060`, firstLine: 'SIP/2.0 200 OK' },
    {
      from: `${boxAddress}:5060`,
      firstLine: `NOTIFY sip:${phoneAddress}:5060 SIP/2.0`,
      body: `http://${boxAddress}`,
    },
    { from: `${boxAddress}:5060`, firstLine: expect.stringMatching(/^SIP\/2\.0 /) as string },
  ]);
  let provisioning: Readonly<Record<string, number>> = {};
  await until(
    'the box to have counted them',
    async () => {
      provisioning = await counters('provisioning');
      return provisioning['pnp_answered'] === 1 || undefined;
    },
    { ...patience, everyMs: 500, lastSeen: () => JSON.stringify(provisioning) },
  );
  // The phone's OPTIONS and its 200 went to the box's own address: not one of them came to plug and play.
  expect(provisioning).toMatchObject({ pnp_answered: 1, pnp_ignored: 0 });
  const after = await counters('sip');
  expect((after['engine_requests_received'] ?? 0) - (before['engine_requests_received'] ?? 0)).toBe(1);
  expect(running.hasExited()).toBe(false);
});

test('on the wire the question went to the group, and each answer to the phone alone, once', async () => {
  expect(await sent(phoneAddress, '224.0.1.75')).toBe(1);
  // 200 and NOTIFY, and the answer to OPTIONS.
  expect(await sent(boxAddress, phoneAddress)).toBe(3);
});
