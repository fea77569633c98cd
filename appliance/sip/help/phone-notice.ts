/** An attendant's phone is told of a call for help by a text (RFC 3428); one that shows none rings with the same words. */
import { formatNameAddress } from '../../protocol/sip-headers.ts';
import type { SipHeader } from '../../protocol/sip-message.ts';
import type { BindingRow } from '../../store/bindings.ts';
import type { Config } from '../../config/schema.ts';
import { enough, type World } from '../../world.ts';
import { phoneRoute } from '../application.ts';
import { letGo } from '../call-end.ts';
import { freshDialog } from '../outgoing-invite.ts';
import type { Received, SipServer } from '../srf.ts';
import type { Help } from './help.ts';
import type { NoticeWay } from './notice-ways.ts';
import { headline, message } from './words.ts';

interface Needs {
  readonly world: World;
  readonly server: SipServer;
  readonly config: Config;
}

const priority: SipHeader = { name: 'Priority', value: 'emergency' };

export function phoneWay(needs: Needs, phone: BindingRow): NoticeWay {
  return {
    by: 'phone',
    to: phone.aor.split('@')[0] ?? '',
    isRepeated: false,
    send: async (help) => {
      const text = await sendText(needs, phone, help);
      if (text.localCause !== undefined) throw new Error('not reached');
      const words = `${text.status} ${text.reason}`;
      if (text.status <= 299) return words;
      const rung = await ring(needs, phone, help);
      if (typeof rung !== 'string') throw new Error(`${words}; ${rung.status} ${rung.reason}`);
      return `${words}; ${rung}`;
    },
  };
}

async function sendText(
  { server, config: { site } }: Needs,
  phone: BindingRow,
  help: Help,
): Promise<Received> {
  const sent = await server.send({
    method: 'MESSAGE',
    uri: phone.contact_uri,
    route: phoneRoute(phone),
    headers: [
      { name: 'From', value: `"EMERGENCY" <sip:gatehouse@${site.address}>` },
      { name: 'To', value: `<sip:${phone.aor}>` },
      priority,
      { name: 'Content-Type', value: 'text/plain;charset=UTF-8' },
    ],
    body: message(help, site),
  });
  return await sent.final;
}

/**
 * Until somebody picks it up or attendants have rung for long enough; nobody speaks there. Not while the call for help itself is on its
 * way to people here: their phones must be free for it. Resolves with the refusal of a phone that did not ring.
 */
async function ring(
  { world, server, config }: Needs,
  phone: BindingRow,
  help: Help,
): Promise<string | Received> {
  const { turnedHere } = help;
  if (turnedHere.aborted) return byItself;
  let isRung = false;
  const sent = await server.send(
    {
      method: 'INVITE',
      uri: phone.contact_uri,
      route: phoneRoute(phone),
      headers: [
        ...freshDialog('INVITE', callerOnDisplay(help, config)),
        { name: 'To', value: `<sip:${phone.aor}>` },
        priority,
      ],
    },
    {
      onProvisional: ({ status }) => {
        isRung ||= status >= 180;
      },
    },
  );
  const takeBack = () => sent.cancel();
  turnedHere.addEventListener('abort', takeBack);
  const stop = new AbortController();
  void world.clock
    .sleep(config.emergency.attendant_seconds * 1000, stop.signal)
    .then(takeBack, () => undefined);
  try {
    const final = await sent.final;
    await letGo({ server, world }, final);
    if (final.status <= 299) return 'rung, answered';
    if (turnedHere.aborted) return byItself;
    return isRung ? 'rung, not answered' : final;
  } finally {
    turnedHere.removeEventListener('abort', takeBack);
    stop.abort(enough);
  }
}

const byItself = 'rung by the call itself';

/** Whoever calls back from the phone's list reaches the caller. */
function callerOnDisplay(help: Help, { site }: Config): string {
  const { aor } = help.caller;
  const display = `"${headline(help).replaceAll(/["\\\p{Cc}]/gu, '')}"`;
  const uri = aor.includes('@') ? `sip:${aor}` : `sip:gatehouse@${site.address}`;
  return formatNameAddress({ display, uri, params: [] });
}
