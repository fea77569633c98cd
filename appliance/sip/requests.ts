/** Which handler a request belongs to, and what is done with those that belong to none. */
import { headerValue } from '../protocol/sip-headers.ts';
import { parseSipUri } from '../protocol/sip-uri.ts';
import type { BindingRow } from '../store/bindings.ts';
import { phoneRoute, upstreamRoute, type Application } from './application.ts';
import { ownIdentities } from './call-admission.ts';
import { relayInvite } from './calls.ts';
import { answer } from './crossing.ts';
import { translatedBody } from './dialog-info.ts';
import { relayInEarlyDialog } from './early-dialogs.ts';
import { nextMaxForwards, passedHeaders } from './headers.ts';
import { relayInDialog } from './in-dialog.ts';
import { translatedHeaders } from './replaces.ts';
import { relayRegister } from './registrar.ts';
import { refusedAsTooFast } from './request-pace.ts';
import type { Incoming, Outgoing } from './srf.ts';
import { senderOf } from './sender.ts';
import { relayInSubscription, relaySubscribe } from './subscriptions.ts';

const allow =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, INFO, UPDATE, PRACK, MESSAGE, NOTIFY, PUBLISH, REFER, SUBSCRIBE';

export async function handleRequest(app: Application, request: Incoming): Promise<void> {
  if (request.dialogId !== undefined) {
    if (await relayInEarlyDialog(app, request, request.dialogId)) return;
    const subscription = app.subscriptions.byDialog(request.dialogId);
    await (subscription === undefined
      ? relayInDialog(app, request)
      : relayInSubscription(app, request, subscription));
    return;
  }
  switch (request.method) {
    case 'REGISTER':
      await relayRegister(app, request);
      break;
    case 'INVITE':
      await relayInvite(app, request);
      break;
    case 'OPTIONS':
      await request.respond({ status: 200, headers: [{ name: 'Allow', value: allow }] });
      break;
    case 'MESSAGE':
    case 'NOTIFY':
    case 'PUBLISH':
      await relayAlone(app, request);
      break;
    case 'ACK':
      break;
    case 'BYE':
    case 'UPDATE':
    case 'PRACK':
      await request.respond({ status: 481 });
      break;
    case 'SUBSCRIBE':
      await relaySubscribe(app, request);
      break;
    case 'REFER':
      // Nobody makes a phone call somebody, or the cloud, from nowhere (RFC 3515 section 2.4.2 lets each decide). In a call it is a transfer.
      await request.respond({ status: 603, reason: 'Decline' });
      break;
    default:
      await request.respond({ status: 405, headers: [{ name: 'Allow', value: allow }] });
  }
}

/** A request that makes no dialog: to the phone that the registrar means, or to the registrar of the phone. */
async function relayAlone(app: Application, request: Incoming): Promise<void> {
  const hops = nextMaxForwards(request.headers);
  const isFromPhone = request.flow.startsWith('in:');
  const binding = isFromPhone ? senderOf(app, request) : calleeOf(app, request);
  if (binding === undefined || hops === undefined) {
    await request.respond({ status: hops === undefined ? 483 : isFromPhone ? 403 : 404 });
    return;
  }
  if (isFromPhone && (await refusedAsTooFast(app, request, binding))) return;
  const toward = isFromPhone ? 'cloud' : 'phone';
  const leg = isFromPhone ? 'phone' : 'cloud';
  const passed = translatedHeaders(passedHeaders(request.headers, toward), leg, app.calls);
  const headers = [
    ...['From', 'To'].map((name) => ({
      name,
      value: headerValue(request, name)?.replace(name === 'From' ? /;tag=[^;]*/i : /$^/, '') ?? '',
    })),
    hops,
    ...(isFromPhone ? ownIdentities(passed, binding.aor).kept : passed),
  ];
  const target: Pick<Outgoing, 'uri' | 'route'> = isFromPhone
    ? { uri: request.uri, route: upstreamRoute(app, binding) }
    : { uri: binding.contact_uri, route: phoneRoute(binding) };
  const content = { type: headerValue(request, 'Content-Type') ?? '', text: request.body };
  const { text } = translatedBody(content, leg, app.calls.ofPhone(binding.token));
  const body = text === '' ? {} : { body: text };
  const sent = await app.server.send({ method: request.method, ...target, headers, ...body });
  const final = await sent.final;
  const type = headerValue(final, 'Content-Type') ?? '';
  await request.respond(
    final.localCause === undefined
      ? answer(final, { type, text: final.body }, isFromPhone ? 'phone' : 'cloud')
      : { status: isFromPhone ? 503 : 480 },
  );
}

function calleeOf(app: Application, request: Incoming): BindingRow | undefined {
  const { user } = parseSipUri(request.uri);
  return app.bindings.byFlow(request.flow).find((row) => row.token === user);
}
