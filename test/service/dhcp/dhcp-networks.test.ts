import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { openNetworks } from '../../../appliance/dhcp/networks.ts';
import { encodeRelayInformation } from '../../../appliance/protocol/dhcp-relay-information.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { boot, box, openDhcpSite, yealink, type DhcpSite } from './dhcp-site.ts';

/** eth0 (10.66.0.0/24) is the first network; eth1 is another wire; 10.66.2.0/24 is behind a relay. */
const settings = `
[[dhcp.network]]
interface = "eth1"
subnet = "10.66.1.0/24"
pools = [["10.66.1.10", "10.66.1.11"], ["10.66.1.20", "10.66.1.20"]]
routers = ["10.66.1.1"]
lease_seconds = 600
ntp_servers = ["10.66.1.2"]
[[dhcp.network]]
subnet = "10.66.2.0/24"
pools = [["10.66.2.10", "10.66.2.19"]]
routers = ["10.66.2.1"]
[[dhcp.reservation]]
mac = "80-5E-C0-00-00-77"
address = "10.66.0.9"
[[dhcp.reservation]]
mac = "80:5e:c0:00:00:78"
address = "10.66.1.10"
name = "Reception"
`;
const address = parseIpv4;

const openSite = (more = '') => openDhcpSite(temporaryDirectory(), `${more}${settings}`);

async function bindOn(site: DhcpSite, card: string, mac: string): Promise<string | undefined> {
  const [offer] = await site.say({ type: 'discover', mac }, card);
  if (offer === undefined) return undefined;
  const options = { requestedAddress: address(offer.yiaddr), serverIdentifier: box };
  const [ack] = await site.say({ type: 'request', mac, options }, card);
  return ack?.type === 'ack' ? ack.yiaddr : undefined;
}

describe('a phone', () => {
  test('gets an address and the options of the network whose card heard it', async () => {
    await using site = await openSite();
    expect(await site.say({ type: 'discover' }, 'eth1')).toMatchObject([
      {
        card: 'eth1',
        type: 'offer',
        yiaddr: expect.stringMatching(/^10\.66\.1\./),
        options: {
          leaseTime: 600,
          routers: [address('10.66.1.1')],
          dnsServers: [box],
          ntpServers: [address('10.66.1.2')],
          subnetMask: address('255.255.255.0'),
        },
      },
    ]);
  });

  test('behind a relay gets one of the network of giaddr, whatever card the relay is heard on', async () => {
    await using site = await openSite();
    for (const card of ['eth0', 'eth1']) {
      expect(await site.say({ type: 'discover', giaddr: '10.66.2.1' }, card)).toMatchObject([
        { card, to: '10.66.2.1:67', yiaddr: expect.stringMatching(/^10\.66\.2\./) },
      ]);
    }
  });

  test('that names its subnet itself gets one of that (RFC 3011)', async () => {
    await using site = await openSite();
    const options = { subnetSelection: address('10.66.2.0') };
    // Without the option in it a client has to throw the offer away (section 2).
    expect(await site.say({ type: 'discover', options })).toMatchObject([
      { yiaddr: expect.stringMatching(/^10\.66\.2\./), options },
    ]);
  });

  test('that names a link in an option 82 of its own gets one where it is heard: only relays may (RFC 3527)', async () => {
    await using site = await openSite();
    const relayAgentInformation = Buffer.from(
      encodeRelayInformation({ linkSelection: address('10.66.2.0') }),
    );
    expect(await site.say({ type: 'discover', options: { relayAgentInformation } })).toMatchObject([
      { yiaddr: expect.stringMatching(/^10\.66\.0\./), options: { relayAgentInformation } },
    ]);
  });

  test.each([true, false])(
    'that was carried to another network of ours is told no and gets an address there (authoritative: %s)',
    async (authoritative) => {
      await using site = await openSite(`authoritative = ${authoritative}\n`);
      const options = { requestedAddress: address(await boot(site)) };
      const no = { type: 'nak', options: { message: 'address is of another network' } };
      expect(await site.say({ type: 'request', options }, 'eth1')).toMatchObject([{ card: 'eth1', ...no }]);
      expect(await site.say({ type: 'request', options, giaddr: '10.66.2.1' })).toMatchObject([no]);
      expect(await bindOn(site, 'eth1', yealink)).toMatch(/^10\.66\.1\./);
    },
  );

  test('that asks for an address of nobody’s network is left to whoever knows it', async () => {
    await using site = await openSite();
    const options = { requestedAddress: address('192.168.1.50') };
    expect(await site.say({ type: 'request', options }, 'eth1')).toEqual([]);
  });

  test('renews through a router that leads to another card, and is answered on its own', async () => {
    await using site = await openSite();
    const ip = (await bindOn(site, 'eth1', yealink)) ?? '';
    expect(await site.say({ type: 'request', ciaddr: ip }, 'eth0')).toMatchObject([
      { type: 'ack', card: 'eth1', to: `${ip}:68`, options: { leaseTime: 600 } },
    ]);
  });
});

test('an address at which the box is, was or has its page is given to nobody', () => {
  const config = parseConfig(`
[site]
address = "10.66.0.1"
former_addresses = ["10.66.0.105"]
state_directory = "/nowhere"
[web]
address = "10.66.0.106"
[dhcp]
mode = "server"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.109"]`);
  const [network] = openNetworks(config, { tenures: [], now: 0, isLeaving: () => false });
  const client = { client: yealink, mac: yealink };
  expect(network?.pool.free).toBe(8);
  for (const own of ['10.66.0.105', '10.66.0.106'])
    expect(network?.pool.isOpenTo(address(own), client, 0)).toBe(false);
});

test('all pools of a network are used, and when they are, health names them', async () => {
  await using site = await openSite();
  const given: string[] = [];
  for (let at = 1; at <= 3; at += 1) given.push(String(await bindOn(site, 'eth1', `80:5e:c0:00:01:0${at}`)));
  expect(new Set(given)).toEqual(new Set(['10.66.1.11', '10.66.1.20', 'undefined']));
  expect(site.part.health()).toEqual({
    state: 'degraded',
    reason: 'every address of dhcp.network[0].pools is taken',
  });
});

describe('a reserved address', () => {
  test('goes to its device, outside the pool too', async () => {
    await using site = await openSite();
    expect(await bindOn(site, 'eth0', '80:5e:c0:00:00:77')).toBe('10.66.0.9');
    expect(await bindOn(site, 'eth1', '80:5e:c0:00:00:78')).toBe('10.66.1.10');
  });

  test('goes to nobody else, not even on request or after its lease ended', async () => {
    await using site = await openSite('authoritative = true\n');
    await bindOn(site, 'eth1', '80:5e:c0:00:00:78');
    await site.clock.advance(700_000);
    const options = { requestedAddress: address('10.66.1.10') };
    expect(await site.say({ type: 'request', options }, 'eth1')).toMatchObject([{ type: 'nak' }]);
    const given: string[] = [];
    for (let at = 1; at <= 3; at += 1)
      given.push(String(await bindOn(site, 'eth1', `80:5e:c0:00:02:0${at}`)));
    expect(new Set(given)).toEqual(new Set(['10.66.1.11', '10.66.1.20', 'undefined']));
  });

  test('is where its device goes when it renews another one from before the reservation', async () => {
    const directory = temporaryDirectory();
    const mac = '80:5e:c0:00:00:77';
    let before: string;
    {
      await using site = await openDhcpSite(directory);
      before = await boot(site, mac);
    }
    await using site = await openDhcpSite(directory, settings);
    expect(await site.say({ type: 'request', mac, ciaddr: before })).toMatchObject([{ type: 'nak' }]);
    expect(await bindOn(site, 'eth0', mac)).toBe('10.66.0.9');
  });

  test('is not taken from whoever holds it until that lease ends', async () => {
    const directory = temporaryDirectory();
    const holder = '80:5e:c0:00:00:01';
    let held: string;
    {
      await using site = await openDhcpSite(directory);
      held = await boot(site, holder);
    }
    const mac = '80:5e:c0:00:00:55';
    const reserved = `[[dhcp.reservation]]\nmac = "${mac}"\naddress = "${held}"\n`;
    await using site = await openDhcpSite(directory, reserved);
    expect(await bindOn(site, 'eth0', mac)).not.toBe(held);
    await site.clock.advance(3_700_000);
    expect(await bindOn(site, 'eth0', mac)).toBe(held);
  });
});

test('a lease of a network that is not served any more is kept and harms nobody', async () => {
  const directory = temporaryDirectory();
  {
    await using site = await openDhcpSite(directory, settings);
    await bindOn(site, 'eth1', yealink);
  }
  await using site = await openDhcpSite(directory);
  expect(await boot(site)).toMatch(/^10\.66\.0\./);
  expect(site.leases()).toHaveLength(2);
});
