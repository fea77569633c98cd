/** The pretend office's cables: a switch with the box on it, a WAN, and the address plan of the cloud behind. */
import { join } from 'node:path';
import { words } from '../support/command.ts';
import { startDns } from '../support/dns.ts';
import type { Lab, Namespace } from '../support/namespaces.ts';
import { startSwitch, type ManagedSwitch } from '../support/switch.ts';
import { startWan, type Wan } from '../support/wan.ts';

/** 10.66.0.0/24 is the phones' network, 203.0.113.0/24 the cloud, as it is documented in test/README.md. */
export const plan = {
  box: '10.66.0.1',
  switch: '10.66.0.2',
  subnet: '10.66.0.0/24',
  pool: ['10.66.0.100', '10.66.0.199'],
  dns: '203.0.113.53',
  provisioning: '203.0.113.10',
  sip: '203.0.113.20',
  journal: '203.0.113.30',
  identity: '203.0.113.31',
  graph: '203.0.113.32',
  teams: '203.0.113.33',
  /** Where the person at the other end of every call sits: a network of its own behind the cloud. */
  callee: '198.18.0.2',
  calleeNetwork: '198.18.0.0/24',
  calleeGateway: '198.18.0.1',
  ports: 8,
  boxPort: 8,
  /** For a guest who is not a phone. */
  guestPort: 7,
  /** The router itself, where it stands on the phones' network too. */
  gateway: '10.66.0.254',
} as const;

export const siteName = 'pretend office';
export const journalHost = 'sites.gatehouse.example';

const region = 'emea';
export const hosts = {
  firstStage: `${region}.ipp.sdg.teams.microsoft.com`,
  laterStages: ['usea', 'uswe', 'ause'].map((name) => `${name}.dm.sdg.teams.microsoft.com`),
  onboarding: `obsbc-${region}.sdg.teams.microsoft.com`,
  main: `mainsbc-${region}.sdg.teams.microsoft.com`,
} as const;

/** The tenant's own services, by the names that Microsoft's have. */
export const tenantHosts = {
  identity: 'login.microsoftonline.com',
  graph: 'graph.microsoft.com',
  teams: 'api.interfaces.records.teams.microsoft.com',
} as const;

export interface Network extends AsyncDisposable {
  readonly lab: Lab;
  readonly switch: ManagedSwitch;
  readonly box: Namespace;
  readonly cloud: Namespace;
  readonly callee: Namespace;
  readonly wan: Wan;
}

export async function buildNetwork(lab: Lab): Promise<Network> {
  await using built = new AsyncDisposableStack();
  const lan = built.use(
    await startSwitch(lab, {
      ports: plan.ports,
      address: plan.switch,
      prefixLength: 24,
      name: 'switch-1',
    }),
  );
  const box = await lab.namespace('box', { nameserver: plan.dns });
  const cable = await lan.cable({ namespace: box, card: 'eth0', mac: '02:66:00:00:00:01' });
  await box.exec(['ip', 'addr', 'add', `${plan.box}/24`, 'dev', 'eth0']);
  await lan.plug(cable, plan.boxPort);
  // Parts run without root; systemd's socket units do on the box what this does here.
  await box.exec(words('sysctl -qw net.ipv4.ip_unprivileged_port_start=0'));
  const cloud = await lab.namespace('cloud', { nameserver: plan.dns });
  const wan = await startWan(lab, box, cloud);
  const own = [plan.dns, plan.provisioning, plan.sip, plan.journal, plan.identity, plan.graph, plan.teams];
  await cloud.exec(['ip', '-batch', '-'], {
    input: own.map((ip) => `addr add ${ip}/24 dev eth0\n`).join(''),
  });
  const callee = await buildCallee(lab, cloud, wan);
  const dns = { address: plan.dns, names: cloudNames(), logFile: join(lab.directory, 'dns.log') };
  built.use(await startDns(cloud, dns));
  const stack = built.move();
  return { lab, switch: lan, box, cloud, callee, wan, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** A way for phones to the cloud that does not pass the box: a card `eth0` of the router on the phones' switch. */
export async function openWayRound({ switch: lan, wan: { namespace } }: Network): Promise<void> {
  const cable = await lan.cable({ namespace, card: 'eth0', mac: '02:66:00:00:00:fe' });
  await lan.plug(cable, plan.guestPort);
  await namespace.exec(words(`ip addr add ${plan.gateway}/24 dev eth0`));
  await namespace.exec(words('nft add rule ip wan forward iifname eth0 ct state new accept'));
}

async function buildCallee(lab: Lab, cloud: Namespace, wan: Wan): Promise<Namespace> {
  const callee = await lab.namespace('callee', { nameserver: plan.dns });
  await lab.wire({ namespace: callee, card: 'eth0' }, { namespace: cloud, card: 'callee' });
  await cloud.exec(['ip', '-batch', '-'], {
    input: `addr add ${plan.calleeGateway}/24 dev callee\nlink set callee up\n`,
  });
  await cloud.exec(words('sysctl -qw net.ipv4.ip_forward=1'));
  await callee.exec(['ip', '-batch', '-'], {
    input: `addr add ${plan.callee}/24 dev eth0\nlink set eth0 up\nroute add default via ${plan.calleeGateway}\n`,
  });
  await wan.namespace.exec(words(`ip route add ${plan.callee}/32 via ${plan.sip}`));
  return callee;
}

function cloudNames(): Record<string, string> {
  return {
    [hosts.firstStage]: plan.provisioning,
    ...Object.fromEntries(hosts.laterStages.map((name) => [name, plan.provisioning])),
    [hosts.onboarding]: plan.sip,
    [hosts.main]: plan.sip,
    [journalHost]: plan.journal,
    [tenantHosts.identity]: plan.identity,
    [tenantHosts.graph]: plan.graph,
    [tenantHosts.teams]: plan.teams,
  };
}
