/** What the API answers with, as JSON Schema: a field that does not stand here never leaves the box. */
import { Type, type Static } from '../schema.ts';
import { firmwareStates } from '../phones/firmware-gate.ts';
import { partNames, storeNames } from '../store/journal-kinds.ts';
import { phoneStages } from '../store/phone-stage.ts';
import { CallQuality } from './call-quality.ts';

const text = Type.String();
const optionalText = Type.Optional(text);
const time = Type.Integer({ description: 'Milliseconds since 1970.' });
const optionalTime = Type.Optional(time);
const oneOf = <const T extends string[]>(...values: T) => Type.Enum(values, { type: 'string' });

const PartName = oneOf(...partNames);

/** Whose journal it is. */
export const StoreName = oneOf(...storeNames);

export const Failure = Type.Object({
  error: Type.Object({ code: text, message: text }),
});

export const Part = Type.Object({
  name: PartName,
  isWanted: Type.Boolean({ description: 'The settings ask for it.' }),
  isRunning: Type.Boolean(),
  health: Type.Optional(Type.Object({ state: oneOf('ok', 'degraded', 'failed'), reason: optionalText })),
  startedAt: optionalTime,
  reportedAt: optionalTime,
  counters: Type.Record(text, Type.Number(), { description: 'Since the start of the part.' }),
});

export const Trouble = Type.Object({
  severity: oneOf('problem', 'notice'),
  text,
  part: Type.Optional(PartName),
  mac: optionalText,
});

export const OwnPort = Type.Object(
  {
    interface: text,
    switchName: optionalText,
    chassis: text,
    port: text,
    heardAt: time,
  },
  { description: "A switch that the box's own card hears: it says where the box is, not where phones are." },
);

const PoolUse = Type.Object({
  subnet: text,
  addresses: Type.Integer(),
  bound: Type.Integer(),
  setAside: Type.Integer({ description: 'In use by something without a lease of ours: nobody gets them.' }),
});

const OtherServer = Type.Object({
  card: Type.String({ description: 'Where it was heard.' }),
  address: text,
  isKnown: Type.Boolean({ description: 'The settings name it (known_servers).' }),
  isPresent: Type.Boolean(),
  firstSeenAt: time,
  lastSeenAt: time,
  url: Type.Optional(Type.String({ description: 'Where it sends phones.' })),
});

export const Status = Type.Object({
  at: time,
  release: text,
  site: Type.Object({
    name: text,
    region: text,
    posture: oneOf('assist', 'provision', 'full'),
    address: text,
    timeZone: text,
  }),
  parts: Type.Array(Part),
  troubles: Type.Array(Trouble, { description: 'What is wrong, the worst first.' }),
  allowCleartext: Type.Array(text, { description: 'Vendors whose phones may fetch passwords in clear.' }),
  phones: Type.Object({
    total: Type.Integer(),
    byStage: Type.Record(text, Type.Integer()),
  }),
  callsUp: Type.Integer(),
  sip: Type.Object({
    registrations: Type.Object({ registered: Type.Integer(), late: Type.Integer(), lost: Type.Integer() }),
    ringing: Type.Integer(),
    up: Type.Integer(),
    failures: Type.Array(
      Type.Object({
        kind: oneOf('call', 'registration'),
        id: Type.String({ description: 'Of its ladder: /api/calls/ID or /api/registrations/ID.' }),
        at: time,
        phone: Type.Optional(Type.String({ description: 'MAC, else the address.' })),
        what: text,
        advice: optionalText,
      }),
      { description: 'Of the last day, the newest first, without phones that have registered since.' },
    ),
  }),
  dhcp: Type.Object({
    mode: oneOf('server', 'inform', 'relay', 'off'),
    latency: Type.Optional(
      Type.Object(
        { p50Microseconds: Type.Integer(), p99Microseconds: Type.Integer() },
        { description: 'From a request to its ACK, since the start of the part.' },
      ),
    ),
    unwatched: Type.Array(text, { description: 'Cards on which nobody looks for other DHCP servers.' }),
    networks: Type.Array(PoolUse),
    otherServers: Type.Array(OtherServer, { description: 'Other DHCP servers that answered here.' }),
  }),
  ownPorts: Type.Array(OwnPort),
});

export const Phone = Type.Object({
  mac: text,
  vendor: optionalText,
  vendorName: optionalText,
  model: optionalText,
  firmware: optionalText,
  firmwareState: Type.Optional(
    Type.Enum([...firmwareStates], {
      type: 'string',
      description: "Against Microsoft's list of compatible models.",
    }),
  ),
  hostname: Type.Optional(
    Type.String({ description: 'Personal: only for who has signed in, and on the box itself.' }),
  ),
  ip: optionalText,
  aor: Type.Optional(
    Type.String({ description: 'Personal: only for who has signed in, and on the box itself.' }),
  ),
  place: optionalText,
  switchName: optionalText,
  chassis: optionalText,
  port: optionalText,
  placeSource: optionalText,
  stage: oneOf(...phoneStages),
  reached: Type.Record(text, Type.Integer(), { description: 'Step to the time since when it holds.' }),
  lastSeenAt: time,
  posture: oneOf('assist', 'provision', 'full'),
  leaving: Type.Optional(
    Type.String({ description: "On its way back to the cloud's own addresses, as ordered: how far it is." }),
  ),
  problem: optionalText,
});

/** Of what ended. */
const Words = {
  what: Type.Optional(Type.String({ description: 'What happened, in plain words.' })),
  advice: Type.Optional(Type.String({ description: 'What to do about it.' })),
  isFailure: Type.Optional(Type.Boolean()),
};

export const CallsOfHours = Type.Object({
  since: Type.Integer({ description: 'Before this nothing is known any more; ms since 1970.' }),
  hours: Type.Array(Type.Object({ at: Type.Integer(), calls: Type.Integer(), failed: Type.Integer() })),
});

export const Call = Type.Object({
  id: Type.String({ description: 'Of its ladder too: /api/calls/ID.' }),
  mac: optionalText,
  direction: oneOf('inbound', 'outbound'),
  from: Type.Optional(
    Type.String({ description: 'Personal: only for who has signed in, and on the box itself.' }),
  ),
  to: Type.Optional(
    Type.String({ description: 'Personal: only for who has signed in, and on the box itself.' }),
  ),
  state: oneOf('ringing', 'up', 'ended'),
  startedAt: time,
  answeredAt: optionalTime,
  endedAt: optionalTime,
  reason: optionalText,
  ...Words,
  packetsFromPhone: Type.Optional(Type.Integer()),
  packetsToPhone: Type.Optional(Type.Integer()),
  quality: Type.Optional(CallQuality),
});

export const JournalEvent = Type.Object({
  part: StoreName,
  seq: Type.Integer({ description: 'Counts without holes in each part; of a gap the last lost one.' }),
  kind: text,
  at: optionalTime,
  mac: optionalText,
  body: Type.Optional(Type.Record(text, Type.Union([text, Type.Number(), Type.Boolean(), Type.Null()]))),
  count: Type.Optional(Type.Integer({ description: 'How often it happened until `until`.' })),
  until: optionalTime,
  from: Type.Optional(Type.Integer({ description: 'Of kind "gap": the first row that was pruned unread.' })),
});

export type PhoneView = Static<typeof Phone>;
export type CallView = Static<typeof Call>;
export type JournalView = Static<typeof JournalEvent>;
export type StatusView = Static<typeof Status>;
