/** Calls for help as the page and the API show them. Pure. */
import { Type, type Static } from '../schema.ts';
import type { EmergencyCall } from '../store/emergency-calls.ts';
import type { Audience } from './people.ts';

const text = Type.String();
const optionalText = Type.Optional(text);
const time = Type.Integer({ description: 'Milliseconds since 1970.' });
const personal = Type.Optional(
  Type.String({ description: 'Personal: only for who has signed in, and on the box itself.' }),
);

export const Emergency = Type.Object({
  id: text,
  isTest: Type.Boolean({ description: 'Of the way, by a number that a machine answers.' }),
  at: time,
  number: text,
  name: personal,
  aor: personal,
  callback: personal,
  mac: optionalText,
  place: Type.Optional(Type.String({ description: 'As it was known when the call began.' })),
  placeSource: optionalText,
  outcome: Type.Optional(Type.String({ description: 'Absent while it is not known.' })),
  answeredAt: Type.Optional(time),
  endedAt: Type.Optional(time),
  ways: Type.Array(Type.Object({ way: text, at: time, outcome: text }), {
    description: 'In the order in which they were tried: `cloud`, `gateway`, `attendants`, `everybody`.',
  }),
  notices: Type.Array(
    Type.Object({
      by: text,
      to: personal,
      tries: Type.Integer(),
      isDelivered: Type.Boolean(),
      result: optionalText,
      at: time,
    }),
    { description: 'Who was told, and what came of it.' },
  ),
});

export function emergencyView(call: EmergencyCall, audience: Audience): Static<typeof Emergency> {
  const { id, kind, at, number, name, caller, callback, place, outcome, answeredAt, endedAt } = call;
  const where = place?.place ?? (place?.port === undefined ? undefined : `port ${place.port}`);
  return {
    id,
    isTest: kind === 'test',
    at,
    number,
    ...(audience.personal ? { name, aor: caller.aor, ...(callback === undefined ? {} : { callback }) } : {}),
    ...(caller.mac === undefined ? {} : { mac: caller.mac }),
    ...(place === undefined ? {} : { placeSource: place.source }),
    ...(where === undefined ? {} : { place: where }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(answeredAt === undefined ? {} : { answeredAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
    ways: call.ways.map((way) => ({ ...way })),
    notices: call.notices.map(({ to, ...notice }) => ({ ...notice, ...(audience.personal ? { to } : {}) })),
  };
}
