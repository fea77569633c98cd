/** A small site around an emulated box: a phone's network, and the administrator's with the way to the internet. */
import { join } from 'node:path';
import type { Lab, Namespace } from '../support/namespaces.ts';
import { imageFile } from './image-file.ts';
import { newDisk, type MachineOptions } from './machine.ts';
import { machineDirectory, openSurroundings, type Surroundings } from './network.ts';

export interface ImageSite {
  readonly around: Surroundings;
  readonly phone: Namespace;
  /** Where the administrator is; a name server, and something that listens where the cloud would. */
  readonly beyond: Namespace;
  /** To turn the box on with: settings by SMBIOS, a new disk, its two cards. */
  readonly options: MachineOptions;
}

/** Those that the settings ask for. */
export const parts = ['dhcp', 'provisioning', 'rtp', 'sip', 'location', 'web'] as const;
export const phoneMac = '80:5e:c0:00:00:01';
export const phonesAddress = '10.66.0.1';
export const pageAddress = '10.67.0.1';
/** Without a slash at its end. */
export const pageUrl = `https://${pageAddress}:8443`;

/** The networks are /16, so that relays find room. */
export const settings = `[site]
address = "${phonesAddress}"
[dhcp]
mode = "server"
interface = "enp0s3"
subnet = "10.66.0.0/16"
pool = ["10.66.1.0", "10.66.9.255"]
routers = ["${phonesAddress}"]
[location]
interface = "enp0s3"
[web]
address = "${pageAddress}"
https_port = 8443
[[box.card]]
name = "enp0s3"
role = "phones"
address = "${phonesAddress}/16"
[[box.card]]
name = "enp0s4"
role = "management"
address = "${pageAddress}/24"
gateway = "10.67.0.9"
dns = ["10.67.0.9"]
`;

export async function openImageSite(lab: Lab, name = 'box'): Promise<ImageSite> {
  const around = await openSurroundings(lab, 2);
  const phone = await around.device('phone', 0, { mac: phoneMac });
  const beyond = await around.device('beyond', 1, { address: '10.67.0.9/24' });
  await beyond.exec(['ip', 'addr', 'add', '203.0.113.10/32', 'dev', 'lo']);
  const names = [
    '--no-resolv',
    '--no-hosts',
    '--conf-file=/dev/null',
    '--address=/teams.microsoft.com/203.0.113.10',
  ];
  beyond.start(['dnsmasq', '--keep-in-foreground', '--pid-file=', '--user=root', ...names]);
  beyond.start([process.execPath, '-e', "require('net').createServer().listen(80, '203.0.113.10')"]);
  const directory = machineDirectory(lab, name);
  return {
    around,
    phone,
    beyond,
    options: {
      namespace: around.host,
      directory,
      disk: await newDisk(imageFile(), join(directory, 'disk.qcow2')),
      cards: around.cards,
      credentials: { 'gatehouse.toml': settings },
    },
  };
}
