/** A box and those around it: a phone, an administrator at the page, and who stands before the screen with a stick. */
import { X509Certificate } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { until, words, type WaitOptions } from '../../support/command.ts';
import { readClientLease, startDhcpClient, type ClientLease } from '../../support/dhcp-client.ts';
import { openLab, type Lab } from '../../support/namespaces.ts';
import { powerOn, type EmulatedMachine, type MachineOptions } from '../machine.ts';
import { openMonitor } from '../monitor.ts';
import { openImageSite, phonesAddress, type ImageSite } from '../site.ts';
import { adminAt, type Admin, type Outcome } from './admin.ts';

/** A guard, no figure. */
export const bootMs = 600_000;
export const password = 'correct horse battery';

/** Where the page is while nobody has configured the box: what the administrator's network gives its card. */
export const newBoxAddress = '10.67.0.50';
export const newBoxUrl = `https://${newBoxAddress}:8443`;

export interface Around extends AsyncDisposable {
  readonly lab: Lab;
  readonly site: ImageSite;
  /** What was turned on last. */
  box: MachineOptions;
  machine: EmulatedMachine | undefined;
}

/** Nothing is turned on yet. The box would come without settings. */
export async function openAround(): Promise<Around> {
  const lab = openLab();
  const site = await openImageSite(lab);
  const { credentials: _none, ...box } = site.options;
  // For cards that nobody has set up.
  const mac = box.cards[1]?.mac ?? '';
  const given = `--dhcp-range=10.67.0.60,10.67.0.90,255.255.255.0 --dhcp-host=${mac},${newBoxAddress}`;
  const alone = '--keep-in-foreground --pid-file= --user=root --port=0 --conf-file=/dev/null';
  const leases = `--dhcp-leasefile=${lab.directory}/given`;
  site.beyond.start(['dnsmasq', ...words(`${alone} --dhcp-authoritative ${given}`), leases]);
  const around: Around = {
    lab,
    site,
    box,
    machine: undefined,
    [Symbol.asyncDispose]: async () => {
      await around.machine?.[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
    },
  };
  return around;
}

/** In the place of the one that was on before. */
export async function turnOn(around: Around, more: Partial<MachineOptions>): Promise<void> {
  await around.machine?.[Symbol.asyncDispose]();
  around.box = { ...around.box, ...more };
  around.machine = powerOn(around.box);
}

export function machineOf({ machine }: Around): EmulatedMachine {
  if (machine === undefined) throw new Error('nothing is turned on');
  return machine;
}

export const fileIn = ({ lab }: Around, name: string): string => join(lab.directory, name);

export function waiting(around: Around): WaitOptions {
  const machine = machineOf(around);
  const lastSeen = () => machine.console().slice(-3000);
  return { timeoutMs: bootMs, everyMs: 500, hopeless: machine.hasEnded, lastSeen };
}

/** A phone is plugged in, asks for an address, and is unplugged once it has one. */
export async function askForLease(around: Around): Promise<ClientLease> {
  const directory = fileIn(around, 'udhcpc');
  rmSync(directory, { recursive: true, force: true });
  const vendorClass = Buffer.from('yealink');
  const options = { client: 'udhcpc', card: 'eth0', directory, vendorClass } as const;
  await using _client = startDhcpClient(around.site.phone, options);
  return await until('a lease', () => readClientLease(directory), waiting(around));
}

/** Whether a phone that asks five times gets no answer. */
export async function hasNoLease({ site }: Around): Promise<boolean> {
  const ask = words('udhcpc -i eth0 -n -q -f -t 5 -T 2 -s /bin/true');
  const said = await site.phone.exec(['sh', '-c', `${ask.join(' ')} && echo leased || true`]);
  return !said.includes('leased');
}

/** The authority that a phone is told to trust. */
export async function authority(around: Around): Promise<X509Certificate> {
  const ask = ['curl', '-sf', '--max-time', '10', `http://${phonesAddress}/gatehouse-ca.pem`];
  const read = async () => new X509Certificate(await around.site.phone.exec(ask, { timeoutMs: 15_000 }));
  return await until('the authority', read, waiting(around));
}

/** A browser of its own. */
export const administrator = (around: Around, url: string, name: string): Admin =>
  adminAt(around.site.beyond, url, fileIn(around, name));

/** Until the page answers; what it says of who asks. */
export async function pageAnswers(around: Around, admin: Admin): Promise<Readonly<Record<string, unknown>>> {
  const ask = async () => {
    const { status, body } = await admin.get('/api/access');
    return status === 200 ? body : undefined;
  };
  return await until('the page', ask, waiting(around));
}

/** What the screen shows last behind this word, since the first power on or that place of the console. */
export async function onScreen(around: Around, word: string, from = 0): Promise<string> {
  const line = new RegExp(String.raw`^\[[ \d.]+\] +${word} +(\S.*)$`, 'gm');
  const shown = () =>
    Array.from(machineOf(around).console().slice(from).matchAll(line), ([, said]) => said).at(-1);
  return (await until(`"${word}" on the screen`, shown, waiting(around))).trim();
}

/** Makes the box somebody's, by the code on its screen since that place of the console. */
export async function setUp(
  around: Around,
  admin: Admin,
  { from = 0, secret = password } = {},
): Promise<void> {
  const code = await onScreen(around, 'Set-up code', from);
  const isIn = async () => {
    if ((await admin.post('/api/setup', { code, password: secret })).status === 200) return true;
    // An answer that came too late: the password is taken.
    return (await admin.post('/api/sign-in', { password: secret })).status === 200 || undefined;
  };
  await until('the first password', isIn, { ...waiting(around), everyMs: 10_000 });
}

/** Until nothing looks at sticks any more. */
export async function isThroughWithSticks(around: Around): Promise<void> {
  const units = "'gatehouse-settings*' 'gatehouse-update-stick@*'";
  const ask = `sleep 2; systemctl list-units --no-legend --plain --state=activating,active,reloading ${units}`;
  const isIdle = async () => (await machineOf(around).shell(ask)).trim() === '' || undefined;
  await until('sticks to be looked at', isIdle, waiting(around));
}

/** Plugs it in, waits, pulls it out; what came of it by the page, if anything did. */
export async function bringStick(around: Around, admin: Admin, stick: string): Promise<Outcome | undefined> {
  const outcomes = async () => (await admin.outcomes()).filter(({ kind }) => kind === 'settings.offered');
  const before = await outcomes();
  using monitor = await openMonitor(around.box.directory);
  await monitor.plugIn('stick', stick);
  await machineOf(around).shell('until ls /dev/disk/by-id/usb-* >/dev/null 2>&1; do sleep 0.2; done');
  await isThroughWithSticks(around);
  await monitor.pullOut('stick');
  const after = await outcomes();
  return after.length > before.length ? after[0] : undefined;
}
