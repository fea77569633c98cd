/** The ways to ladders: as JSON, and as pcap for Wireshark. They name who called whom, so only people on the box get them. */
import { Type } from '../schema.ts';
import type { LadderDetail } from '../store/ladder-detail.ts';
import { ladderPcap } from '../store/ladder-pcap.ts';
import { LadderView, ladderView } from './ladder-view.ts';
import type { Answer, Asked, Route, Sources } from './routes.ts';

type Of = 'call' | 'registration';

const params = Type.Object({ id: Type.String({ maxLength: 60, pattern: '^[0-9a-zA-Z.-]+$' }) });

export const ladderRoutes: readonly Route[] = [
  {
    url: '/api/calls/:id',
    summary:
      'One call: what became of it, and its SIP messages on all legs; only for who has signed in, and on the box itself.',
    params,
    answer: LadderView,
    answerTo: answerWith('call', json),
  },
  {
    url: '/api/calls/:id.pcap',
    summary:
      'Its messages for Wireshark, as datagrams whatever carried them, TLS decrypted; for them only too.',
    params,
    mediaType: 'application/vnd.tcpdump.pcap',
    answerTo: answerWith('call', pcap),
  },
  {
    url: '/api/registrations/:id',
    summary:
      "A phone's last registration that failed, and its SIP messages; only for who has signed in, and on the box itself.",
    params,
    answer: LadderView,
    answerTo: answerWith('registration', json),
  },
  {
    url: '/api/registrations/:id.pcap',
    summary: 'Its messages for Wireshark; for them only too.',
    params,
    mediaType: 'application/vnd.tcpdump.pcap',
    answerTo: answerWith('registration', pcap),
  },
];

function answerWith(of: Of, answer: (found: LadderDetail) => Answer): NonNullable<Route['answerTo']> {
  return ({ params: { id = '' }, personal }: Asked, { views }: Sources): Answer => {
    if (!personal) return failure(403, 'personal', 'Messages name people: sign in to read them.');
    const found = views.ladder(of, id);
    return found === undefined
      ? failure(404, `no_such_${of}`, `There is no such ${of} here.`)
      : answer(found);
  };
}

function failure(code: number, name: string, message: string): Answer {
  return { code, body: { error: { code: name, message } } };
}

function json(found: LadderDetail): Answer {
  return { code: 200, body: ladderView(found) };
}

function pcap({ ladder }: LadderDetail): Answer {
  const disposition = `attachment; filename="${ladder.id}.pcap"`;
  return {
    code: 200,
    body: Buffer.from(ladderPcap(ladder)),
    headers: { 'content-disposition': disposition },
  };
}
