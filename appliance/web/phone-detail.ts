/** One phone with all that is known of it, as the API answers it: what does not stand here never leaves the box. */
import { Type, type Static } from '../schema.ts';
import type { HeldAddress } from '../store/address-holders.ts';
import type { Binding } from '../store/bindings.ts';
import { onboardingStages } from '../store/onboarding-words.ts';
import { severities } from '../protocol/syslog-line.ts';
import type { PhoneDetail } from '../store/phone-detail.ts';
import { requestWords } from '../store/request-words.ts';
import { requestOutcomes } from '../store/phone-requests.ts';
import { countdownKinds, countdownStates } from '../store/sign-in-windows.ts';
import { Call, Phone } from './schemas.ts';
import { placeFields, placeView } from './addresses.ts';
import { callView, phoneView, type Audience } from './people.ts';

const text = Type.String();
const optionalText = Type.Optional(text);
const time = Type.Integer({ description: 'Milliseconds since 1970.' });
const optionalTime = Type.Optional(time);
const oneOf = <const T extends readonly string[]>(values: T) => Type.Enum([...values], { type: 'string' });
const posture = oneOf(['assist', 'provision', 'full']);

const Countdown = Type.Object({
  kind: oneOf(countdownKinds),
  state: oneOf(countdownStates),
  since: time,
  endsAt: time,
});

const OnboardingView = Type.Object({
  stage: oneOf(onboardingStages),
  words: Type.String({ description: 'What it means.' }),
  nextStep: Type.String({ description: 'What to do next.' }),
  isGood: Type.Boolean({ description: 'Nothing is wrong.' }),
  steps: Type.Optional(
    Type.Array(text, { description: 'How the next step is done, where that takes several.' }),
  ),
  source: Type.Optional(Type.String({ description: 'Where the maker says how.' })),
  countdowns: Type.Array(Countdown),
});

const Request = Type.Object({
  path: Type.String({ description: 'One-time parts are masked.' }),
  method: text,
  isSecure: Type.Boolean(),
  stage: Type.Integer({ description: "0: the box's own overlay. 1 to 3: the cloud's stages." }),
  status: Type.Integer({ description: 'HTTP status that the phone got.' }),
  outcome: oneOf(requestOutcomes),
  reason: optionalText,
  words: Type.String({ description: 'What became of it.' }),
  ip: text,
  firstAt: time,
  lastAt: time,
  count: Type.Integer(),
});

const Log = Type.Object({
  id: Type.Integer({ description: 'For `/api/phones/{mac}/logs/{id}`.' }),
  name: Type.String({ description: 'As the phone called it.' }),
  ip: text,
  at: time,
  sent: Type.Integer({ description: 'Bytes that the phone sent.' }),
  kept: Type.Integer({ description: 'Bytes kept of it, its end.' }),
});

const SyslogLine = Type.Object({ at: time, severity: oneOf(severities), text });

const LeaseView = Type.Object({
  ip: text,
  state: oneOf(['bound', 'released', 'declined']),
  evidence: oneOf(['leased', 'relayed', 'informed']),
  server: Type.Optional(Type.String({ description: 'Whose lease it is, when not ours.' })),
  startedAt: time,
  ackedAt: optionalTime,
  expiresAt: time,
  vendorClass: optionalText,
  ...placeFields,
  sent: Type.Record(text, text, { description: 'Option number to what was sent.' }),
});

const Registration = Type.Object({
  state: oneOf(['registered', 'late', 'lost']),
  transport: oneOf(['udp', 'tcp', 'tls']),
  source: text,
  userAgent: optionalText,
  registeredAt: time,
  expiresAt: time,
});

export const RestartView = Type.Object({
  isOffered: Type.Boolean({ description: 'It can be told to restart, by POST to `…/restart`.' }),
  words: Type.String({ description: "What it would do, or why it can't be told to." }),
  last: Type.Optional(
    Type.Object(
      { givenAt: time, isOpen: Type.Boolean(), isGood: Type.Boolean(), words: text },
      { description: 'The last order, and what came of it.' },
    ),
  ),
});

export const PhoneInDetail = Type.Object({
  ...Phone.properties,
  onboarding: OnboardingView,
  wantedPosture: posture,
  minimumFirmware: optionalText,
  approvedFirmware: optionalText,
  languageNote: optionalText,
  account: Type.Optional(oneOf(['onboarding', 'final'])),
  onboardedAt: optionalTime,
  signedInAt: optionalTime,
  signedOutAt: optionalTime,
  cloudSeenAt: optionalTime,
  lease: Type.Optional(LeaseView),
  registration: Type.Optional(Registration),
  requests: Type.Array(Request, { description: 'What it asked for, the newest first; equal ones as one.' }),
  calls: Type.Array(Call),
  logs: Type.Array(Log, { description: 'Logs that it uploaded, the newest first.' }),
  syslog: Type.Array(SyslogLine, {
    description:
      'What it said last by syslog, in order; only for who has signed in. All of it: `/api/phones/{mac}/syslog`.',
  }),
  restart: RestartView,
  order: Type.Optional(Type.Object({ kind: text, givenAt: time, deadlineAt: time })),
});

export type PhoneInDetailView = Static<typeof PhoneInDetail>;

export function phoneInDetail(detail: PhoneDetail, audience: Audience): PhoneInDetailView {
  const { known, languageNotes, listed, milestones, onboarding, phone, requests, guide, wantedPosture } =
    detail;
  const { binding, bypass, lease } = known;
  const { countdowns, isGood = false, nextStep, stage, words } = onboarding;
  return {
    ...phoneView(phone, audience),
    onboarding: {
      stage,
      words,
      nextStep,
      isGood,
      countdowns: [...countdowns],
      ...(guide && { steps: [...guide.steps] }),
      ...(guide?.source !== undefined && { source: guide.source }),
    },
    wantedPosture,
    ...(listed?.minimum !== undefined && { minimumFirmware: listed.minimum }),
    ...(listed && { approvedFirmware: listed.approved }),
    ...(languageNotes.length > 0 && { languageNote: languageNotes.join(' ') }),
    ...milestones,
    ...(lease && { lease: leaseView(lease) }),
    ...(binding && { registration: registrationView(binding) }),
    requests: requests.map(({ mac: _mac, ...request }) => ({ ...request, words: requestWords(request) })),
    calls: detail.calls.map((call) => callView(call, audience)),
    logs: detail.logs.map(({ mac: _mac, ...log }) => log),
    syslog: audience.personal
      ? detail.syslog.map(({ severity, ...line }) => ({
          ...line,
          severity: severities[severity] ?? 'notice',
        }))
      : [],
    restart: detail.restarting,
    ...(bypass && {
      order: { kind: bypass.kind, givenAt: bypass.givenAt, deadlineAt: bypass.deadlineAt },
    }),
  };
}

function leaseView({ ip, state, startedAt, ackedAt, expiresAt, sent, ...lease }: HeldAddress) {
  const { circuitId, evidence, giaddr, remoteId, server, vendorClass } = lease;
  return {
    ip,
    state,
    evidence,
    startedAt,
    expiresAt,
    sent: { ...sent },
    ...(server !== undefined && { server }),
    ...(ackedAt !== undefined && { ackedAt }),
    ...(vendorClass !== undefined && { vendorClass }),
    ...placeView({ circuitId, remoteId, giaddr }),
  };
}

function registrationView({ state, transport, source, userAgent, registeredAt, expiresAt }: Binding) {
  return {
    state,
    transport,
    source,
    registeredAt,
    expiresAt,
    ...(userAgent !== undefined && { userAgent }),
  };
}
