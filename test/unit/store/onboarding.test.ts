import { describe, expect, it } from 'vitest';
import type { HeldAddress } from '../../../appliance/store/address-holders.ts';
import type { Binding } from '../../../appliance/store/bindings.ts';
import { clockProblem, onboarding, type OnboardingFacts } from '../../../appliance/store/onboarding.ts';
import { onboardingStages, onboardingWords, signInSteps } from '../../../appliance/store/onboarding-words.ts';
import type { PhoneConfiguration } from '../../../appliance/store/phone-configurations.ts';
import type { PhoneRequest } from '../../../appliance/store/phone-requests.ts';
import { requestRow } from '../../support/site.ts';
import type { KnownOfPhone } from '../../../appliance/store/phone-stage.ts';

const now = Date.UTC(2026, 10, 25, 12);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';

function lease(more: Partial<HeldAddress> = {}): HeldAddress {
  const sent = { 66: 'http://10.66.0.1' };
  const held = {
    evidence: 'leased',
    state: 'bound',
    startedAt: now - minute,
    expiresAt: now + hour,
  } as const;
  return { mac, ip, ...held, sent, ...more };
}

function configuration(more: Partial<PhoneConfiguration> = {}): PhoneConfiguration {
  return { mac, ip, userAgent: 'Yealink', stage: 3, at: now, status: 200, posture: 'full', ...more };
}

function binding(more: Partial<Binding> = {}): Binding {
  const registeredAt = now - minute;
  return {
    aor: 'sip:+4930111@contoso.com',
    mac,
    contact: 'sip:x',
    source: `${ip}:5061`,
    transport: 'tls',
    registeredAt,
    expiresAt: now + hour,
    localExpiresAt: now + minute,
    state: 'registered',
    ...more,
  };
}

function request(more: Partial<PhoneRequest> = {}): PhoneRequest {
  return { ...requestRow(mac, now - minute), ...more };
}

type Given = Omit<Partial<OnboardingFacts>, 'phone' | 'known'> & {
  readonly known?: KnownOfPhone;
  readonly phone?: Partial<OnboardingFacts['phone']>;
};

function stands({ known = {}, phone = {}, ...rest }: Given) {
  return onboarding(
    { known, requests: [], ...rest, phone: { vendor: 'yealink', posture: 'full', ...phone } },
    now,
  );
}

const waiting = configuration({ account: 'onboarding', onboardedAt: now - 2 * hour, cloudSeenAt: now });
const signedIn = configuration({ account: 'final', signedInAt: now - day, cloudSeenAt: now });
const signedOut = configuration({ account: 'onboarding', signedOutAt: now - day, cloudSeenAt: now });
const old = { startedAt: now - 10 * minute };
const longAgo = { firstAt: now - 10 * minute };

const table: [(typeof onboardingStages)[number], string, Given][] = [
  ['seen', 'no lease, and nothing was asked', {}],
  ['seen', 'a lease that ran out', { known: { lease: lease({ expiresAt: now - 1 }) } }],
  ['address refused', 'DHCPDECLINE', { known: { lease: lease({ state: 'declined' }) } }],
  ['address given', 'a fresh lease', { known: { lease: lease() } }],
  ['does not ask', 'a lease of ten minutes, and no request', { known: { lease: lease(old) } }],
  ['not told', 'no URL in the lease', { known: { lease: lease({ sent: { 42: '10.66.0.1' } }) } }],
  [
    'wrong option',
    'a URL in 160 for Yealink',
    { known: { lease: lease({ sent: { 160: 'http://10.66.0.1' } }) } },
  ],
  ['wrong URL form', 'a macro not filled in', { requests: [request({ path: '/$PSN.xml', status: 404 })] }],
  ['starting', 'the overlay, a minute ago', { requests: [request({ outcome: 'overlay given', stage: 0 })] }],
  [
    'authority not taken',
    'the overlay, and no return over HTTPS',
    { requests: [request({ outcome: 'overlay given', stage: 0, ...longAgo })] },
  ],
  ['starting', 'nothing but 404 so far', { requests: [request({ status: 404 })] }],
  ['nothing for it', 'nothing but 404 for ten minutes', { requests: [request({ status: 404, ...longAgo })] }],
  ['starting', 'the first stage', { requests: [request()] }],
  ['stuck', 'the first stage, and nothing after it', { requests: [request(longAgo)] }],
  ['not taken', 'User-Agent refused: 403 to the first stage', { requests: [request({ status: 403 })] }],
  ['refused by the cloud', '403 to a later stage', { requests: [request({ status: 403, stage: 3 })] }],
  ['one-time address used up', '410', { requests: [request({ status: 410, stage: 2 })] }],
  ['cloud unwell', '500 of the cloud', { requests: [request({ status: 500 })] }],
  ['cloud away', 'an outage', { requests: [request({ status: 503, outcome: 'cloud away' })] }],
  [
    'refused here',
    'another device with its MAC',
    { requests: [request({ status: 403, outcome: 'refused' })] },
  ],
  [
    'answer refused',
    'a body that is not passed on',
    { requests: [request({ status: 502, outcome: 'answer refused' })] },
  ],
  ['firmware too old', 'below the minimum', { phone: { firmwareState: 'too old' } }],
  ['convert first', 'enterprise firmware', { phone: { firmwareState: 'convert first' } }],
  [
    'held',
    'below the minimum, and held',
    {
      phone: { firmwareState: 'too old' },
      known: { asked: { mac, ip, vendor: 'yealink', isEnterprise: false, at: now, heldAt: now } },
    },
  ],
  ['leaving', 'ordered back to the cloud', { phone: { leaving: 'waiting' } }],
  ['on its own', 'a site in assist', { phone: { posture: 'assist' }, known: { lease: lease(old) } }],
  [
    'on its own',
    'a phone that cannot be given our authority',
    { phone: { posture: 'assist' }, known: { configuration: configuration({ stage: 1 }) } },
  ],
  ['waiting for sign-in', 'a one-time account', { known: { configuration: waiting } }],
  [
    'waiting for sign-in',
    'registered with a one-time account',
    { known: { binding: binding({ aor: 'sip:001565aa0001x@onboarding.org' }) } },
  ],
  [
    'tenant id missing',
    'a one-time account, asked for without the tenant of the settings',
    { known: { configuration: waiting }, requests: [request()], tenantId: 'b0f' },
  ],
  [
    'waiting for sign-in',
    'the same with the tenant in its path',
    {
      known: { configuration: waiting },
      requests: [request({ path: '/tenantid/b0f/001565aa0001.cfg' })],
      tenantId: 'b0f',
    },
  ],
  ['signed in', 'a final account, registered', { known: { configuration: signedIn, binding: binding() } }],
  [
    'signed in',
    'firmware below the minimum, and signed in all the same',
    { phone: { firmwareState: 'too old' }, known: { configuration: signedIn, binding: binding() } },
  ],
  [
    'signed in',
    'in posture provision',
    { phone: { posture: 'provision' }, known: { configuration: signedIn } },
  ],
  ['signing in', 'a final account, not registered yet', { known: { configuration: signedIn } }],
  [
    'registration lost',
    'a final account, its registration lost',
    { known: { configuration: signedIn, binding: binding({ state: 'lost' }) } },
  ],
  [
    'cut off from the cloud',
    'the same while no phone here reaches its registrar',
    { known: { configuration: signedIn, binding: binding({ state: 'lost' }), isCutOff: true } },
  ],
  ['signed out', 'a one-time account after a final one', { known: { configuration: signedOut } }],
  [
    'dropped',
    'signed in, unseen for 30 days',
    { known: { configuration: { ...signedIn, cloudSeenAt: now - 30 * day } } },
  ],
  [
    'dropped',
    'signed out, unseen for 14 days',
    { known: { configuration: { ...signedOut, cloudSeenAt: now - 14 * day } } },
  ],
];

it.each(table)('onboarding: "%s" is said of %s', (stage, _of, given) => {
  expect(stands(given).stage).toBe(stage);
});

it('every stage has its row above, a sentence of what it means and one of what to do next', () => {
  expect(new Set(table.map(([stage]) => stage))).toEqual(new Set(onboardingStages));
  for (const { words, nextStep } of Object.values(onboardingWords)) {
    expect(words).toMatch(/^[A-Z].*\.$/);
    expect(nextStep).toMatch(/^[A-Z].*\.$/);
  }
});

describe('guidance', () => {
  it('a phone that waits for sign-in is told the steps: Sign-in key, address, code, and *55* for common areas', () => {
    const { guide, words } = stands({ known: { configuration: waiting } });
    expect(words).toMatch(/Teams logo and a Sign-in key/);
    expect(guide).toBe('sign-in');
    expect(signInSteps.join(' ')).toMatch(
      /Press Sign-in .* Open that address .* enter the code.* a few minutes.*dial \*55\* and the code/,
    );
  });

  it.each([
    [
      '70 hours after its onboarding',
      { ...waiting, onboardedAt: now - 70 * hour },
      /72 hours .* nearly over/,
    ],
    [
      '160 hours after its sign-out',
      { ...signedOut, signedOutAt: now - 160 * hour },
      /168 hours .* nearly over/,
    ],
    ['26 days unseen', { ...signedIn, cloudSeenAt: now - 26 * day }, /drops it after 30 days/],
    ['12 days unseen, signed out', { ...signedOut, signedOutAt: 0, cloudSeenAt: now - 12 * day }, /after 14/],
    ['31 days unseen', { ...signedIn, cloudSeenAt: now - 31 * day }, /forgotten/],
    ['with time left', waiting, /^nothing$/],
  ])('a phone %s is warned of among the troubles (G-49)', (...[, known, words]) => {
    const said = clockProblem({ configuration: known }, { posture: 'full', now });
    expect(said ?? 'nothing').toMatch(words);
  });

  it('a phone that goes to the cloud without the box is not counted as unseen', () => {
    const known = { configuration: { ...signedIn, cloudSeenAt: now - 31 * day } };
    expect(clockProblem(known, { posture: 'assist', now })).toBeUndefined();
  });

  it('a later request that goes well ends an earlier trouble; uploads and 404 do not count', () => {
    const refused = request({ status: 403, lastAt: now - hour });
    const log = request({ method: 'PUT', outcome: 'upload taken' });
    expect(stands({ known: { configuration: waiting }, requests: [log, refused] }).stage).toBe('not taken');
    expect(
      stands({ known: { configuration: waiting }, requests: [request({ stage: 3 }), refused] }).stage,
    ).toBe('waiting for sign-in');
  });

  it('a registration with the one-time account after a sign-in says that it was signed out', () => {
    const aor = 'sip:001565aa0001x@onboarding.org';
    expect(stands({ known: { configuration: signedIn, binding: binding({ aor }) } }).stage).toBe(
      'signed out',
    );
  });
});
