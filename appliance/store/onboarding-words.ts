/** What each stage of onboarding means and what to do next, for the person who installs the phones. Pure. */
import type { CountdownKind } from './sign-in-windows.ts';

export interface StageWords {
  /** What it means: a sentence. */
  readonly words: string;
  /** What to do next: a sentence. */
  readonly nextStep: string;
  /** What the next step is done by. */
  readonly guide?: 'reset' | 'sign-in';
  /** Nothing is wrong. */
  readonly isGood?: boolean;
}

/** At the phone, in order (G-34, G-36). */
export const signInSteps: readonly string[] = [
  'Press Sign-in at the phone. It shows an address and a code; when the code has run out, press Back and Sign-in again.',
  'Open that address in any browser, log in with the account that is to use the phone, and enter the code.',
  'Wait a few minutes: the phone shows number and name when it is done.',
  'A common-area phone is signed in by its verification code instead: dial *55* and the code (*55*123456 for 123456).',
];

export const onboardingWords = {
  seen: {
    words: 'It was seen on the network and has no address from here now.',
    nextStep: 'Connect it and switch it on; nothing else is needed if another server gives addresses.',
  },
  'address refused': {
    words: 'It refused its address: another device on this network uses the same one.',
    nextStep: 'Find the device with that address and give it another, or take the address out of the pool.',
  },
  'address given': {
    words: 'It has an address and was told where to ask for its configuration.',
    nextStep: 'Wait a few minutes while it starts.',
    isGood: true,
  },
  'not told': {
    words: 'It has an address, and was not told where to ask for its configuration.',
    nextStep:
      'See that its maker is recognised (option 60 and MAC prefix below); a make that is not compatible is not told. Then restart it.',
  },
  'wrong option': {
    words: "The address of its configuration was in an option that this maker's phones don't read.",
    nextStep: 'Correct the options of this vendor (dhcp.vendor in gatehouse.toml) and restart the phone.',
  },
  'wrong URL form': {
    words:
      'It asked for a file name with a macro that it did not fill in: the URL is in the form of another maker.',
    nextStep: "Give it its own maker's URL (`gatehouse url` prints it), in the DHCP server that it hears.",
  },
  'does not ask': {
    words: 'It was told where to ask for its configuration and does not.',
    nextStep: 'Reset it to factory settings: a phone that was used before keeps its old server until then.',
    guide: 'reset',
  },
  'on its own': {
    words: 'It goes to the cloud by itself: its configuration and sign-in are not seen here.',
    nextStep:
      'Look at the phone: the Teams logo and a Sign-in key mean that it is onboarded; then sign in there.',
    guide: 'sign-in',
    isGood: true,
  },
  starting: {
    words: 'It is asking for its configuration.',
    nextStep: 'Wait a few minutes: it restarts once or twice.',
    isGood: true,
  },
  'authority not taken': {
    words: 'It was given the certificate authority of this site, and has not come back over HTTPS.',
    nextStep:
      'See that it has the right time (option 42, an NTP server that answers), then reset it to factory settings.',
    guide: 'reset',
  },
  'nothing for it': {
    words: 'Each file that it asks for is answered with 404: the cloud has no configuration for it.',
    nextStep:
      "See that model and firmware are on Microsoft's list of compatible devices, and that its User-Agent is the maker's own.",
  },
  'not taken': {
    words: 'The cloud refused its first request.',
    nextStep:
      "The cloud judges the User-Agent, which names model and firmware: compare them with Microsoft's list of compatible devices, and see that nobody changed the User-Agent in the phone.",
  },
  'refused by the cloud': {
    words: 'The cloud refused its request.',
    nextStep: 'Restart the phone; if it is refused again, reset it to factory settings.',
    guide: 'reset',
  },
  'one-time address used up': {
    words:
      'Its one-time address was used before (status 410): the cloud gives each answer of onboarding once.',
    nextStep: 'Reset it to factory settings, so that it begins again.',
    guide: 'reset',
  },
  'refused here': {
    words: 'A request in its name was refused here.',
    nextStep: 'Look for a second device with this MAC or address; if there is none, restart the phone.',
  },
  'answer refused': {
    words: "The box kept the cloud's answer from it.",
    nextStep: 'Report this with `gatehouse status --json`; the phone keeps what it has meanwhile.',
  },
  'cloud away': {
    words: 'The cloud could not be reached for it; it keeps what it has.',
    nextStep: 'Nothing at the phone: run `gatehouse check`. It asks again by itself.',
  },
  'cloud unwell': {
    words: 'The cloud answered with an error of its own.',
    nextStep: 'Wait: the phone asks again by itself.',
  },
  'firmware too old': {
    words: 'Its firmware is too old for Teams SIP Gateway.',
    nextStep: 'Update its firmware, then reset it to factory settings.',
    guide: 'reset',
  },
  'convert first': {
    words: "It runs Cisco's enterprise firmware.",
    nextStep: 'Convert it to multiplatform (MPP) firmware first.',
  },
  held: {
    words: 'It is kept from the cloud until its firmware was updated.',
    nextStep: 'Update its firmware, then reset it to factory settings.',
    guide: 'reset',
  },
  leaving: {
    words: "It was ordered back to the cloud's own addresses.",
    nextStep: 'Nothing until it has left; `gatehouse bypass --undo` takes it in again.',
  },
  stuck: {
    words: 'It began its onboarding and did not come back for its account.',
    nextStep: 'Restart it; if that does not help, reset it to factory settings.',
    guide: 'reset',
  },
  'waiting for sign-in': {
    words: 'It is onboarded and waits for somebody to sign in: it shows the Teams logo and a Sign-in key.',
    nextStep: 'Sign in at the phone; common-area phones can also be signed in in bulk.',
    guide: 'sign-in',
    isGood: true,
  },
  'tenant id missing': {
    words:
      "It is onboarded and waits for somebody to sign in. It asked without the tenant id, so it can't be signed in in bulk.",
    nextStep:
      'Sign in at the phone; or give it the URL with the tenant id, reset it to factory settings, and sign it in in bulk.',
    guide: 'sign-in',
  },
  'signing in': {
    words: 'Somebody has signed in; it has its account and does not register yet.',
    nextStep: 'Wait a few minutes; then restart it.',
    isGood: true,
  },
  'signed in': { words: 'It is signed in.', nextStep: 'Nothing to do.', isGood: true },
  'registration lost': {
    words: "It is signed in, and its registration was lost: it can't be called.",
    nextStep: 'See that it has power and network, then restart it.',
  },
  'cut off from the cloud': {
    words: 'It is signed in, and its registrar is out of reach: phones here can call it, nobody outside can.',
    nextStep: 'Nothing at the phone: look after the internet. It comes back by itself.',
  },
  'signed out': {
    words: 'It was signed out: it has a one-time account again.',
    nextStep: 'Sign in again at the phone; in bulk it can be done without the tenant id now.',
    guide: 'sign-in',
  },
  dropped: {
    words: 'The cloud has not seen it for so long that it has forgotten it.',
    nextStep: 'Reset it to factory settings and onboard it again.',
    guide: 'reset',
  },
} as const satisfies Record<string, StageWords>;

/** While there is still time. */
export const clockWarnings: Readonly<Record<CountdownKind, string>> = {
  'bulk-new': 'It can be signed in in bulk only within 72 hours of its onboarding, and they are nearly over.',
  'bulk-signed-out':
    'It can be signed in in bulk only within 168 hours of its sign-out, and they are nearly over.',
  'unseen-signed-in': 'The cloud has not seen it for weeks, and drops it after 30 days: connect it.',
  'unseen-signed-out':
    'The cloud has not seen it for days, and drops it after 14 while nobody is signed in: connect it.',
};

export type OnboardingStage = keyof typeof onboardingWords;

export const onboardingStages = Object.keys(onboardingWords) as readonly OnboardingStage[];
