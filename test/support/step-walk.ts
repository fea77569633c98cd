/** A phone's walk from factory state to a restart when signed in, one step at a time, and what each step brought. */
import type { PhoneVendor } from './phone-configuration.ts';
import { factoryState, pollPhone, type PhoneState } from './phone-provisioning.ts';
import { address } from './provisioning-site.ts';
import type { WalkSite } from './walk-site.ts';

/** Each is one round over the phone's files. */
export const steps = [
  'First request, in clear',
  'First stage, over HTTPS',
  'One-time account',
  'Waiting for sign-in',
  'Somebody has signed in',
  'New address after sign-in',
  'Signed in, as every day',
  'Restart when signed in',
] as const;

export type WalkStep = (typeof steps)[number];

export interface Walker {
  readonly make: string;
  readonly phone: PhoneState;
  /** What DHCP names at each start. */
  readonly dhcpUrl: string;
  /** Can't be given our authority: its first request is its first stage, and the later ones are its own. */
  readonly isDirect: boolean;
}

export interface Walked {
  /** Of the last request, which is for the phone's own file; undefined: nobody answered. */
  readonly status: number | undefined;
  readonly account: 'none' | 'onboarding' | 'final';
}

const makes: readonly (readonly [make: string, vendor: PhoneVendor, mac: string, path?: string])[] = [
  ['Yealink', 'yealink', '00:15:65:aa:bb:01'],
  ['Poly', 'poly', '00:04:f2:aa:bb:02'],
  ['Cisco', 'cisco', '00:56:2b:aa:bb:03', '/$PSN.xml'],
  ['Snom', 'snom', '00:04:13:aa:bb:04'],
  ['AudioCodes', 'audiocodes', '00:90:8f:aa:bb:05'],
  ['ALE', 'ale', '3c:28:a6:aa:bb:06'],
];

/** A phone of each make, as they come out of the box, each at its own address. */
export function walkers({ url, cloudCa, wan: { httpPort, httpsPort } }: WalkSite): Walker[] {
  return makes.map(([make, vendor, mac, path = '/'], at) => {
    const names = { host: address, httpPort, httpsPort };
    const boot = { vendor, mac, url: `${url}${path}`, trusted: cloudCa, from: `127.0.0.${at + 10}`, names };
    const phone = factoryState(boot);
    return { make, phone, dhcpUrl: phone.url, isDirect: vendor === 'audiocodes' || vendor === 'ale' };
  });
}

/** The steps that this phone takes. */
export function stepsOf({ isDirect }: Walker): WalkStep[] {
  return steps.filter((step) => !isDirect || step !== 'First stage, over HTTPS');
}

/** What happens besides, before the step is taken for the first time. */
export function prepareStep({ cloud }: WalkSite, { phone, dhcpUrl }: Walker, step: WalkStep): void {
  if (step === 'Somebody has signed in') cloud.signIn(phone.mac, userOf(phone));
  if (step === 'Restart when signed in') phone.url = dhcpUrl;
}

/** One round over the phone's files, whatever becomes of it. */
export async function takeStep({ phone }: Walker): Promise<Walked> {
  let isAnswered = true;
  try {
    await pollPhone(phone);
  } catch (error) {
    if (!isAway(error)) throw error;
    isAnswered = false;
  }
  return { status: isAnswered ? phone.asked.at(-1)?.status : undefined, account: accountOf(phone) };
}

/** Rounds until the phone is signed in and asks where it asked before. */
export async function settle(walker: Walker): Promise<Walked> {
  for (let round = 0; round < 8; round += 1) {
    const before = walker.phone.url;
    const walked = await takeStep(walker);
    if (walker.phone.url === before) return walked;
  }
  throw new Error(`${walker.make}: its provisioning URL still changes`);
}

function accountOf(phone: PhoneState): Walked['account'] {
  if (phone.account === undefined) return 'none';
  return phone.account.user === userOf(phone) ? 'final' : 'onboarding';
}

const userOf = ({ mac }: PhoneState) => `+4930555${Number.parseInt(mac.slice(-2), 16)}`;

function isAway(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || message.startsWith('connection ended');
}
