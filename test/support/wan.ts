/** The way to the cloud as a small office has it: one router that translates addresses and forgets. */
import { words } from './command.ts';
import type { Lab, Namespace } from './namespaces.ts';

export interface Wan {
  readonly namespace: Namespace;
  /** The address that the cloud sees at the moment. */
  publicAddress(): string;
  /** Packets vanish both ways, without any sign; the cards keep carrier. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Every so-and-so-many packets in a hundred vanish, both ways; 0 ends it. */
  lose(percent: number): Promise<void>;
  /** Forgets every flow. Packets of connections that were open are dropped without an answer. */
  forgetFlows(): Promise<void>;
  /** New flows leave from another address, and what was open is forgotten. */
  changePublicAddress(address: string): Promise<void>;
}

export const addresses = {
  box: '192.0.2.2',
  router: '192.0.2.1',
  firstPublic: '198.51.100.10',
  secondPublic: '198.51.100.11',
  cloudNetwork: '203.0.113.0/24',
} as const;

/** Joins card `eth1` of `box` to card `eth0` of `cloud` through a router, with addresses and routes on all sides. */
export async function startWan(lab: Lab, box: Namespace, cloud: Namespace): Promise<Wan> {
  const router = await lab.namespace('router');
  await lab.wire({ namespace: box, card: 'eth1' }, { namespace: router, card: 'inside' });
  await lab.wire({ namespace: router, card: 'outside' }, { namespace: cloud, card: 'eth0' });
  await router.exec(['ip', '-batch', '-'], {
    input: [
      `addr add ${addresses.router}/24 dev inside`,
      `addr add ${addresses.firstPublic}/24 dev outside`,
      `addr add ${addresses.secondPublic}/24 dev outside`,
      'link set inside up',
      'link set outside up',
      `route add ${addresses.cloudNetwork} dev outside src ${addresses.firstPublic}`,
      '',
    ].join('\n'),
  });
  await box.exec(['ip', '-batch', '-'], {
    input: `addr add ${addresses.box}/24 dev eth1\nlink set eth1 up\nroute add default via ${addresses.router}\n`,
  });
  await cloud.exec(['ip', '-batch', '-'], {
    input: 'link set eth0 up\nroute add 198.51.100.0/24 dev eth0\n',
  });
  await router.exec(['nft', '-f', '-'], { input: ruleset });
  await router.exec([
    ...words('sysctl -qw net.ipv4.ip_forward=1'),
    // What home and office routers do: idle UDP is forgotten after half a minute.
    ...words('net.netfilter.nf_conntrack_udp_timeout=30 net.netfilter.nf_conntrack_udp_timeout_stream=30'),
    // A flow that was forgotten is not taken up again in its middle.
    'net.netfilter.nf_conntrack_tcp_loose=0',
  ]);
  let address: string = addresses.firstPublic;
  const nft = (rules: string) => router.exec(['nft', '-f', '-'], { input: rules });
  const translateTo = (to: string) =>
    nft(`flush chain ip wan translate\nadd rule ip wan translate oifname outside snat to ${to}\n`);
  const forgetFlows = async () => void (await router.exec(['conntrack', '-F']));
  await translateTo(address);
  return {
    namespace: router,
    publicAddress: () => address,
    cut: async () => void (await nft('flush chain ip wan trouble\nadd rule ip wan trouble drop\n')),
    restore: async () => void (await nft('flush chain ip wan trouble\n')),
    lose: async (percent) => {
      const rule = percent > 0 ? `add rule ip wan trouble numgen random mod 100 < ${percent} drop\n` : '';
      await nft(`flush chain ip wan trouble\n${rule}`);
    },
    forgetFlows,
    changePublicAddress: async (to) => {
      await translateTo(to);
      await forgetFlows();
      address = to;
    },
  };
}

const ruleset = `
table ip wan {
  chain trouble { }
  chain forward {
    type filter hook forward priority 0; policy drop;
    jump trouble
    ct state invalid drop
    ct state established,related accept
    iifname inside ct state new accept
  }
  chain input {
    type filter hook input priority 0; policy accept;
    iifname outside ct state new drop
  }
  chain translate { type nat hook postrouting priority srcnat; }
}
`;
