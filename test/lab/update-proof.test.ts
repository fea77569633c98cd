/** What a new release has to prove, asked on a machine that systemd boots, with the sockets that its units make. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../support/command.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { bootMachine, modules, type Machine } from '../support/systemd-machine.ts';

const settings = `[site]
address = "10.66.0.1"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.150"]
[location]
interface = "eth0"
`;

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = openLab();
  const box = await lab.namespace('box');
  const floor = await lab.namespace('floor');
  await lab.wire({ namespace: box, card: 'eth0' }, { namespace: floor, card: 'eth0' });
  await box.exec(['ip', 'addr', 'add', '10.66.0.1/24', 'dev', 'eth0']);
  for (const { exec } of [box, floor]) await exec(['ip', 'link', 'set', 'eth0', 'up']);
  const built = await run(['npm', 'run', '--silent', 'deb', '--', lab.directory], { timeoutMs: 120_000 });
  machine = await bootMachine({
    lab,
    namespace: box,
    package: built.trim(),
    files: { '/etc/gatehouse/gatehouse.toml': settings },
    prepare: ['gatehouse units'],
  });
  await machine.exec(['systemctl', 'start', 'gatehouse.target']);
});

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** As gatehouse-health.service asks: root's user, but of its rights that to the port alone. */
async function proof(patienceMs: number): Promise<string> {
  const script = `
    const { releaseTrouble } = await import('${modules}/update/proof.ts');
    const { readConfig } = await import('${modules}/config.ts');
    const { systemClock: clock } = await import('${modules}/world.ts');
    const config = readConfig('/etc/gatehouse/gatehouse.toml');
    console.log((await releaseTrouble({ config, clock, patienceMs: ${patienceMs} })) ?? 'good');
    process.exit();`;
  const rights = [
    '--bounding-set=-all,+net_bind_service',
    '--inh-caps=-all',
    '--regid=gatehouse',
    '--clear-groups',
  ];
  const node = ['/usr/lib/gatehouse/bin/node', '--input-type=module', '-e', script];
  return (await machine.exec(['setpriv', ...rights, ...node])).trim();
}

it('a box that does its work is good', async () => {
  expect(await proof(30_000)).toBe('good');
  // Nobody was given the address that was offered.
  expect(await machine.shell('gatehouse leases --json || true')).not.toContain('"10.66.0.1');
});

it('without one part it is not', async () => {
  await machine.shell('systemctl stop gatehouse@sip');
  expect(await proof(1)).toBe('the part sip does not run');
  await machine.shell('systemctl start gatehouse@sip');
  expect(await proof(30_000)).toBe('good');
});

it('nor with a part that ends and is started again all the time', async () => {
  await machine.shell(`mkdir -p /run/systemd/system/gatehouse@location.service.d
    printf '[Service]\\nRuntimeMaxSec=2\\n' > /run/systemd/system/gatehouse@location.service.d/short.conf
    systemctl daemon-reload; systemctl restart gatehouse@location`);
  expect(await proof(15_000)).toMatch(/^the part location does not (?:go on running|run)$/);
  await machine.shell(`rm -r /run/systemd/system/gatehouse@location.service.d
    systemctl daemon-reload; systemctl restart gatehouse@location`);
  expect(await proof(30_000)).toBe('good');
});

it('nor when DHCP runs and answers nobody', async () => {
  // Its packets come to a filter: the part itself is well.
  await machine.shell(
    'nft add table ip test; nft add chain ip test in "{ type filter hook input priority 0; }"',
  );
  await machine.shell('nft add rule ip test in udp dport 67 drop');
  expect(await proof(3000)).toBe('nobody in 10.66.0.0/24 is offered an address');
  await machine.shell('nft delete table ip test');
});

it('nor when phones can not reach the provisioning ports', async () => {
  await machine.shell(
    'nft add table ip test; nft add chain ip test in "{ type filter hook input priority 0; }"',
  );
  await machine.shell('nft add rule ip test in tcp dport 443 reject with tcp reset');
  expect(await proof(3000)).toContain("phones can't fetch their configuration");
  await machine.shell('nft delete table ip test');
  expect(await proof(30_000)).toBe('good');
});

/** Root's with the disk in its hands cannot be less. */
const allowed: Readonly<Record<string, number>> = {
  'gatehouse-update-fetch.service': 1.3,
  'gatehouse-health.service': 1.8,
  'gatehouse-update.service': 1.8,
};

it.each(Object.keys(allowed))('%s is no more exposed than it must be', async (unit) => {
  const table = await machine.shell(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
  const score = Number(/: ([\d.]+) /.exec(table)?.[1]);
  expect(score).toBeLessThanOrEqual(allowed[unit] ?? 0);
});
