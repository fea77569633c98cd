/** Who on site is told of a call for help, and how: ways that need no internet. */
import { hostname } from 'node:os';
import type { Config } from '../../config/schema.ts';
import { postOnce } from '../../net/post-once.ts';
import { mailServer, sendMail } from '../../net/smtp.ts';
import { sendSyslog } from '../../net/syslog.ts';
import { formatMail } from '../../protocol/mail-message.ts';
import { formatSyslog } from '../../protocol/syslog-message.ts';
import { extraTrust } from '../server-options.ts';
import type { Help } from './help.ts';
import { asJson, headline, message } from './words.ts';

export interface NoticeWay {
  readonly by: 'phone' | 'webhook' | 'syslog' | 'mail';
  readonly to: string;
  /** Tried again until it is delivered. */
  readonly isRepeated: boolean;
  /** Resolves with what came of it once it is delivered; rejects otherwise. */
  send(help: Help, signal: AbortSignal): Promise<string>;
}

const postMs = 5000;
/** Security (13) and alert (1): somebody must act at once. */
const urgent = { facility: 13, severity: 1 } as const;

/** Those of the settings that reach machines. */
export function lanWays({ emergency, site }: Config): NoticeWay[] {
  const trust = extraTrust({ site });
  const { webhook, syslog, mail } = emergency;
  return [
    ...(webhook === undefined ? [] : [webhookWay(webhook, { site, trust })]),
    ...(syslog.server === undefined ? [] : [syslogWay({ ...syslog, server: syslog.server }, site)]),
    ...(mail.server === undefined ? [] : [mailWay({ ...mail, server: mail.server }, { site, trust })]),
  ];
}

function webhookWay(
  url: string,
  { site, trust }: { site: Config['site']; trust: readonly string[] },
): NoticeWay {
  return {
    by: 'webhook',
    // What follows the host may be a secret.
    to: new URL(url).host,
    isRepeated: true,
    send: async (help, signal) => {
      const status = await postOnce({
        url,
        body: asJson(help, site),
        contentType: 'application/json',
        timeoutMs: postMs,
        trust,
        signal,
      });
      if (status < 200 || status > 299) throw new Error(`HTTP ${status}`);
      return `HTTP ${status}`;
    },
  };
}

function syslogWay(
  { server: host, port, transport }: Config['emergency']['syslog'] & { server: string },
  site: Config['site'],
): NoticeWay {
  return {
    by: 'syslog',
    to: host,
    isRepeated: true,
    send: async (help) => {
      const { call, number, callback = '', caller, place } = help;
      const data = {
        call,
        number,
        callback,
        caller: caller.aor,
        mac: caller.mac ?? '',
        place: place?.place ?? '',
      };
      const text = formatSyslog({
        ...urgent,
        at: help.at,
        host: hostname(),
        application: 'gatehouse',
        id: help.kind === 'test' ? 'emergency-test' : 'emergency',
        data: { ...data, site: site.name },
        text: headline(help),
      });
      await sendSyslog({ host, port, transport }, text);
      return transport === 'udp' ? 'sent (UDP: nobody confirms it)' : 'taken';
    },
  };
}

function mailWay(
  mail: Config['emergency']['mail'] & { server: string },
  { site, trust }: { site: Config['site']; trust: readonly string[] },
): NoticeWay {
  const { from = '', to } = mail;
  return {
    by: 'mail',
    to: to.join(', '),
    isRepeated: true,
    send: async (help) =>
      await sendMail(mailServer(mail.server, mail, trust), {
        from,
        to,
        message: formatMail({
          from,
          to,
          subject: headline(help),
          at: help.at,
          id: help.call,
          text: message(help, site),
        }),
      }),
  };
}
