/** The machine's cards as files for systemd-networkd (systemd.network(5), systemd.netdev(5)). Pure. */
import type { Config } from '../config.ts';

export interface NetworkFile {
  readonly name: string;
  readonly text: string;
}

type Card = Config['box']['card'][number];

const mark = '# Written by `gatehouse network` from the settings: changes here are lost.';

/** What this command wrote; whatever else is in the folder stays. */
export function isOurFile(name: string): boolean {
  return /^(?:10|79)-gatehouse-[\w.:-]+\.(?:network|netdev)$/.test(name);
}

/** None where the settings name no card: the machine's own files count then. */
export function networkFiles({ card: cards }: Config['box']): NetworkFile[] {
  if (cards.length === 0) return [];
  const parents = Map.groupBy(cards, ({ name, mac }) => name ?? mac?.toLowerCase() ?? '');
  return [
    ...Array.from(parents, ([id, on]) => parentFile(id, on)),
    ...cards.flatMap((card) => (card.vlan === undefined ? [] : vlanFiles(card, card.vlan))),
    {
      name: '79-gatehouse-others.network',
      // Before the image's own file for every card: what no settings name is left alone.
      text: file(['[Match]', 'Type=ether', 'Kind=!*', '', '[Link]', 'Unmanaged=yes']),
    },
  ];
}

/** What systemd-networkd leaves on cards when their files change (seen with 252: addresses and routes stay). */
export interface Leftover {
  /** Sub-interfaces that nobody wants any more. */
  readonly gone: readonly string[];
  /** Cards that are to be emptied first: by name, or the MAC where the settings name that. */
  readonly changed: readonly string[];
}

export function leftoverOf(before: Config['box'], now: Config['box']): Leftover {
  const [old, fresh] = [before, now].map(
    ({ card: cards }) => new Map(cards.map((card) => [idOf(card), card])),
  );
  if (old === undefined || fresh === undefined) return { gone: [], changed: [] };
  const isVlan = (id: string) => old.get(id)?.vlan !== undefined;
  return {
    gone: Array.from(old.keys()).filter((id) => isVlan(id) && !fresh.has(id)),
    // A card that is new to the settings has an address from before them.
    changed: [...new Set([...old.keys(), ...fresh.keys()])].filter((id) => {
      const isSame = JSON.stringify(old.get(id)) === JSON.stringify(fresh.get(id));
      return !isSame && (fresh.has(id) || !isVlan(id));
    }),
  };
}

function idOf(card: Card): string {
  return card.vlan === undefined ? (card.name ?? card.mac?.toLowerCase() ?? '') : vlanName(card, card.vlan);
}

/** A card that only carries tagged networks is up, and has no address of its own. */
function parentFile(id: string, on: readonly Card[]): NetworkFile {
  const own = on.find(({ vlan }) => vlan === undefined);
  const [first] = on;
  // Sub-interfaces have the MAC of their card.
  const match =
    first?.name === undefined ? [`MACAddress=${id}`, 'Type=ether', 'Kind=!*'] : [`Name=${first.name}`];
  const vlans = on.flatMap((card) => (card.vlan === undefined ? [] : [`VLAN=${vlanName(card, card.vlan)}`]));
  return {
    name: `10-gatehouse-${id.replaceAll(':', '')}.network`,
    text: file(['[Match]', ...match, '', ...settingsOf(own, vlans)]),
  };
}

function vlanFiles(card: Card, vlan: number): NetworkFile[] {
  const name = vlanName(card, vlan);
  return [
    {
      name: `10-gatehouse-${name}.netdev`,
      text: file(['[NetDev]', `Name=${name}`, 'Kind=vlan', '', '[VLAN]', `Id=${vlan}`]),
    },
    {
      name: `10-gatehouse-${name}.network`,
      text: file(['[Match]', `Name=${name}`, '', ...settingsOf(card, [])]),
    },
  ];
}

function vlanName({ name }: Card, vlan: number): string {
  return name === undefined ? `vlan${vlan}` : `${name}.${vlan}`;
}

function settingsOf(card: Card | undefined, vlans: readonly string[]): string[] {
  const isByDhcp = card !== undefined && card.address === undefined;
  return [
    // The box is a box for phones that are all off, and for a switch that boots more slowly than it does.
    '[Link]',
    `RequiredForOnline=${card?.role === 'wan' || card?.role === 'management' ? 'yes' : 'no'}`,
    '',
    '[Network]',
    `DHCP=${isByDhcp ? 'ipv4' : 'no'}`,
    'LinkLocalAddressing=no',
    'IPv6AcceptRA=no',
    // The part for places listens itself.
    'LLDP=no',
    ...(card?.address === undefined
      ? []
      : ['ConfigureWithoutCarrier=yes', 'IgnoreCarrierLoss=yes', `Address=${card.address}`]),
    ...(card?.gateway === undefined ? [] : [`Gateway=${card.gateway}`]),
    ...(card?.dns ?? []).map((server) => `DNS=${server}`),
    ...vlans,
    ...(isByDhcp
      ? ['', '[DHCPv4]', 'ClientIdentifier=mac', 'UseNTP=no', 'UseDomains=no', 'UseHostname=no']
      : []),
  ];
}

function file(lines: readonly string[]): string {
  return `${[mark, ...lines].join('\n')}\n`;
}
