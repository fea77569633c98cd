/** A ladder as the API gives it: what became of the call or registration, and every message with who sent it to whom. */
import { Type, type Static } from '../schema.ts';
import type { LadderDetail } from '../store/ladder-detail.ts';
import { callView } from './people.ts';
import { Call } from './schemas.ts';

const text = Type.String();

export const LadderView = Type.Object({
  id: text,
  call: Type.Optional(Call),
  registration: Type.Optional(
    Type.Object({
      at: Type.Integer({ description: 'Milliseconds since 1970.' }),
      phone: Type.String({ description: 'MAC, else the address.' }),
      aor: text,
      registrar: text,
      source: text,
      transport: text,
      userAgent: Type.Optional(text),
      status: Type.Integer(),
      reason: text,
    }),
  ),
  what: Type.Optional(Type.String({ description: 'What happened, in plain words.' })),
  advice: Type.Optional(Type.String({ description: 'What to do about it.' })),
  messages: Type.Array(
    Type.Object({
      at: Type.Number({ description: 'Milliseconds since 1970; the fraction is the order within one.' }),
      isSent: Type.Boolean({ description: 'By the box.' }),
      party: Type.String({ description: 'The other end: phone or cloud.' }),
      transport: text,
      local: text,
      remote: text,
      line: Type.String({ description: 'The first line.' }),
      text: Type.String({ description: 'The message, without keys, passwords, dialled codes and digits.' }),
    }),
    { description: 'In order; empty when none are kept any more.' },
  ),
  leftOut: Type.Integer({ description: 'Messages that came when the ladder was full.' }),
});

export function ladderView({ call, ladder, registration, words }: LadderDetail): Static<typeof LadderView> {
  const messages = ladder.messages.map(({ at, bytes, ...message }) => {
    const all = Buffer.from(bytes).toString('utf8');
    return { ...message, at: at / 1000, line: all.slice(0, all.indexOf('\r\n')), text: all };
  });
  return {
    id: ladder.id,
    messages,
    leftOut: ladder.leftOut,
    ...(call && { call: callView(call, { personal: true }) }),
    ...(registration && { registration }),
    ...words,
  };
}
