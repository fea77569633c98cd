import { expect, it } from 'vitest';
import { isOurs, unitFiles } from '../../../appliance/commands/unit-files.ts';
import { parseConfig } from '../../../appliance/config.ts';

function unitsFor(settings: string): Map<string, string> {
  const config = parseConfig(settings, 'gatehouse.toml');
  return new Map(
    unitFiles(config).map((file) => [file.path, 'link' in file ? `-> ${file.link}` : file.text]),
  );
}

const office = `[site]
address = "10.20.0.1"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.20.0.0/24"
pool = ["10.20.0.100", "10.20.0.199"]
`;

it('each port that needs a right is a socket unit, bound to its card or address', () => {
  const units = unitsFor(office);
  expect(units.get('gatehouse-dhcp-eth0.socket')).toContain(
    'ListenDatagram=0.0.0.0:67\nBindToDevice=eth0\nBroadcast=yes\nReceiveBuffer=4M\nFileDescriptorName=dhcp=eth0\nService=gatehouse@dhcp.service\n',
  );
  expect(units.get('gatehouse-provisioning-https.socket')).toContain('ListenStream=10.20.0.1:443\n');
  expect(units.get('gatehouse.target.wants/gatehouse-dhcp-eth0.socket')).toBe(
    '-> ../gatehouse-dhcp-eth0.socket',
  );
});

it('an address that the box had before has sockets of its own, named as its part looks for them', () => {
  const units = unitsFor('[site]\naddress = "10.20.0.1"\nformer_addresses = ["10.20.0.9"]\n');
  const socket = units.get('gatehouse-provisioning-https-10.20.0.9.socket');
  expect(socket).toContain('ListenStream=10.20.0.9:443\n');
  expect(socket).toContain('FileDescriptorName=provisioning-https=10.20.0.9\n');
  expect(units.get('gatehouse-provisioning-https.socket')).toContain('ListenStream=10.20.0.1:443\n');
});

it('syslog of phones has a socket where it is on', () => {
  expect(unitsFor(office).has('gatehouse-provisioning-syslog.socket')).toBe(false);
  const units = unitsFor(`${office}[provisioning]\nsyslog = true\n`);
  expect(units.get('gatehouse-provisioning-syslog.socket')).toContain(
    'ListenDatagram=10.20.0.1:514\nFreeBind=yes\nReceiveBuffer=1M\nFileDescriptorName=provisioning-syslog=10.20.0.1\nService=gatehouse@provisioning.service\n',
  );
});

const network = (card: string, n: number) =>
  `[[dhcp.network]]\ninterface = "${card}"\nsubnet = "10.2${n}.0.0/24"\npools = [["10.2${n}.0.10", "10.2${n}.0.99"]]\nrouters = ["10.2${n}.0.1"]\n`;

it('each card of a further network has its own sockets, each card once', () => {
  const units = unitsFor(office + network('eth1', 1) + network('eth1', 2));
  const cards = [...units.keys()].filter((path) => /^gatehouse-dhcp-\w+\.socket$/.test(path));
  expect(cards).toEqual(['gatehouse-dhcp-eth0.socket', 'gatehouse-dhcp-eth1.socket']);
});

it('a relay has a socket on the card to its servers', () => {
  const units = unitsFor(
    '[site]\naddress = "10.20.0.1"\n[dhcp]\nmode = "relay"\n[dhcp.relay]\nservers = ["10.1.0.5"]\nuplink = "eth9"\n',
  );
  expect(units.has('gatehouse-dhcp-eth9.socket')).toBe(true);
  // Nobody looks for other servers there, and the machine's own DHCP client may need the port.
  expect(units.has('gatehouse-dhcp-client-eth9.socket')).toBe(false);
});

it('only parts that the settings ask for are started', () => {
  const units = unitsFor('[site]\naddress = "10.20.0.1"\nposture = "assist"\n');
  const started = [...units.keys()].filter((path) => path.endsWith('.service')).toSorted();
  expect(started).toEqual([
    'gatehouse.target.wants/gatehouse@location.service',
    'gatehouse.target.wants/gatehouse@web.service',
  ]);
});

it('the part that asks switches may talk to them and to nobody else', () => {
  const units = unitsFor(
    `${office}[[location.switch]]\nname = "first floor"\naddress = "10.20.0.2"\nuser = "x"\nsecret_file = "/etc/gatehouse/s"\n`,
  );
  const text = units.get('gatehouse@location.service.d/switches.conf') ?? '';
  expect(text.split('\n').slice(1)).toEqual([
    '[Service]',
    'IPAddressDeny=any',
    'IPAddressAllow=10.20.0.2',
    '',
  ]);
  expect(isOurs(text)).toBe(true);
});
