/** Syslog of phones as logger(1) of util-linux sends it, on the port that the box is handed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../appliance/world.ts';
import { until, words } from '../support/command.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { openSite } from '../support/site.ts';

const [boxAddress, phoneAddress, otherAddress] = ['10.66.0.1', '10.66.0.101', '10.66.0.102'] as const;
const mac = '00:15:65:aa:bb:01';
const root = join(import.meta.dirname, '../..');

/** Also what was made before something failed. */
const opened = new AsyncDisposableStack();
let lab: Lab;
let box: Namespace;
let config: string;

const phones = new Map<string, Namespace>();

beforeAll(async () => {
  lab = opened.use(openLab());
  box = await lab.namespace('box');
  await box.exec(words('ip link add br0 type bridge forward_delay 0'));
  await box.exec(words(`ip addr add ${boxAddress}/24 dev br0`));
  await box.exec(words('ip link set br0 up'));
  for (const [at, address] of [phoneAddress, otherAddress].entries()) {
    const phone = await lab.namespace(`phone${at}`);
    await lab.wire({ namespace: phone, card: 'eth0' }, { namespace: box, card: `port${at}` });
    await box.exec(words(`ip link set port${at} master br0 up`));
    await phone.exec(words(`ip addr add ${address}/24 dev eth0`));
    await phone.exec(words('ip link set eth0 up'));
    phones.set(address, phone);
  }
  const state = join(lab.directory, 'state');
  using site = openSite(state, systemClock);
  await site.configuration(mac, phoneAddress, { vendor: 'yealink' });
  config = join(lab.directory, 'gatehouse.toml');
  writeFileSync(
    config,
    `[site]\naddress = "${boxAddress}"\nstate_directory = "${state}"\n[provisioning]\nsyslog = true\n`,
  );
  const call = [process.execPath, 'appliance/main.ts', ...words('run provisioning --config'), config];
  const sockets = [join(root, 'systemd/with-sockets'), 'provisioning-syslog=br0:udp:514', '--'];
  const running = opened.use(box.start([...words('env -C'), root, ...sockets, ...call]));
  await until('the box to run', listens, {
    timeoutMs: 30_000,
    lastSeen: running.lastWords,
    hopeless: running.hasExited,
  });
});

afterAll(() => opened.disposeAsync());

async function gatehouse(line: string): Promise<unknown> {
  const call = [
    process.execPath,
    join(root, 'appliance/main.ts'),
    ...words(line),
    '--json',
    '--config',
    config,
  ];
  return JSON.parse(await box.exec(call, { anyExitCode: true })) as unknown;
}

async function counters(): Promise<Readonly<Record<string, number>>> {
  const { parts } = (await gatehouse('status')) as {
    parts: { name: string; counters: Record<string, number> }[];
  };
  return parts.find(({ name }) => name === 'provisioning')?.counters ?? {};
}

const listens = async () => (await counters())['syslog_kept'] === 0 || undefined;

async function log(from: string, format: string, text: string): Promise<void> {
  const call = [
    ...words(`logger --server ${boxAddress} --udp --port 514 ${format} -t sip -p local0.err`),
    text,
  ];
  await phones.get(from)?.exec(call);
}

test('both forms of syslog are kept of a phone, masked, and nothing of who is none', async () => {
  await log(phoneAddress, '--rfc3164', 'REGISTER failed, password=canary');
  await log(phoneAddress, '--rfc5424', 'REGISTER failed again');
  await log(otherAddress, '--rfc5424', 'a stranger');
  let seen: Readonly<Record<string, number>> = {};
  const areRead = async () => {
    seen = await counters();
    return (seen['syslog_kept'] ?? 0) + (seen['syslog_ignored'] ?? 0) >= 3 || undefined;
  };
  await until('all to be read', areRead, { timeoutMs: 20_000, lastSeen: () => JSON.stringify(seen) });
  expect(seen).toMatchObject({ syslog_kept: 2, syslog_ignored: 1, syslog_over_rate: 0, syslog_lost: 0 });
  expect(await gatehouse(`phone ${mac} syslog`)).toMatchObject([
    { severity: 3, text: expect.stringMatching(/^\S+ sip: REGISTER failed, password=\.\.\.$/) as string },
    { severity: 3, text: expect.stringMatching(/^\S+ sip: REGISTER failed again$/) as string },
  ]);
});
