/** SUBSCRIBE of a phone and the NOTIFYs that follow (RFC 6665): waiting messages, lines of others. */
import type { LegName } from '../protocol/media-control.ts';
import { headerValue } from '../protocol/sip-headers.ts';
import { upstreamRoute, type Application } from './application.ts';
import { ownIdentities } from './call-admission.ts';
import { answer } from './crossing.ts';
import { nextMaxForwards, passedHeaders } from './headers.ts';
import { isOfLeg, relayOpaque } from './in-dialog.ts';
import { translatedHeaders } from './replaces.ts';
import { senderOf } from './sender.ts';
import { isLastNotify } from '../protocol/sip-events.ts';
import { refusedAsTooFast } from './request-pace.ts';
import type { Incoming, Received } from './srf.ts';
import type { Subscription } from './subscription-table.ts';

const maxOfPhone = 32;
/** Time for the last NOTIFY. */
const graceMs = 60_000;
const longestSeconds = 86_400;

export async function relaySubscribe(app: Application, request: Incoming): Promise<void> {
  const binding = request.flow.startsWith('in:') ? senderOf(app, request) : undefined;
  const hops = nextMaxForwards(request.headers);
  if (binding === undefined || hops === undefined || app.subscriptions.ofPhone(binding.token) >= maxOfPhone) {
    await request.respond({ status: binding === undefined ? 403 : hops === undefined ? 483 : 480 });
    return;
  }
  if (await refusedAsTooFast(app, request, binding)) return;
  const subscription: Subscription = {
    binding,
    dialogs: {},
    answered: Promise.withResolvers<void>(),
    endsAt: 0,
  };
  const onFinal = (response: Received) => {
    if (response.status > 299 || response.dialogId === undefined) return;
    extend(app, subscription, response);
    app.subscriptions.setDialog(subscription, 'cloud', response.dialogId);
  };
  const from = (headerValue(request, 'From') ?? '').replace(/;tag=[^;]*/i, '');
  const sent = await app.server.send(
    {
      method: 'SUBSCRIBE',
      uri: request.uri,
      route: upstreamRoute(app, binding),
      headers: [
        { name: 'From', value: from },
        { name: 'To', value: headerValue(request, 'To') ?? '' },
        { name: 'Contact', value: `<sip:${binding.token}@localhost>` },
        hops,
        ...ownIdentities(
          translatedHeaders(passedHeaders(request.headers, 'cloud'), 'phone', app.calls),
          binding.aor,
        ).kept,
      ],
      ...(request.body === '' ? {} : { body: request.body }),
    },
    { onFinal },
  );
  const final = await sent.final;
  const content = { type: headerValue(final, 'Content-Type') ?? '', text: final.body };
  const reply = final.localCause === undefined ? answer(final, content, 'phone') : { status: 503 };
  const isSent = await request.respond(reply, (dialogId) => {
    if (final.status <= 299) app.subscriptions.setDialog(subscription, 'phone', dialogId);
  });
  subscription.answered.resolve();
  if (!isSent) app.subscriptions.remove(subscription);
}

/** NOTIFY to the phone, a refresh or the end from it. */
export async function relayInSubscription(
  app: Application,
  request: Incoming,
  subscription: Subscription,
): Promise<void> {
  const leg: LegName = subscription.dialogs.phone === request.dialogId ? 'phone' : 'cloud';
  if (!isOfLeg(request, subscription, leg)) {
    app.counters.identities_refused += 1;
    await request.respond({ status: 403 });
    return;
  }
  if (request.method !== 'NOTIFY' && request.method !== 'SUBSCRIBE') {
    await request.respond({ status: 405 });
    return;
  }
  await subscription.answered.promise;
  const final = await relayOpaque(app, { request, call: subscription, leg });
  if (request.method === 'SUBSCRIBE' && final !== undefined && final.status <= 299)
    extend(app, subscription, final);
  if (isLastNotify(request)) app.subscriptions.remove(subscription);
}

function extend({ world }: Application, subscription: Subscription, response: Received): void {
  const expires = headerValue(response, 'Expires') ?? '3600';
  const seconds = /^\d{1,9}$/.test(expires) ? Math.min(Number(expires), longestSeconds) : 3600;
  subscription.endsAt = world.clock.monotonic() + seconds * 1000 + graceMs;
}
