/** What the settings for emergency calls may be alone but not beside the others. Pure. */
import { contradiction, type Problem, type Rule } from './problems.ts';
import type { Config } from './schema.ts';

export const emergencyRules: readonly Rule[] = [
  { keys: ['gateway', 'sip.udp_port'], find: gatewayWay },
  { keys: ['gateway', 'site.address'], find: gatewayItself },
  { keys: ['gateway'], find: gatewayAccount },
  { keys: ['gateway'], find: gatewayNumber },
  { keys: ['emergency.mail'], find: mailAddresses },
];

function gatewayWay({ gateway, sip }: Config): Problem[] {
  const { host, transport, media } = gateway;
  if (host === undefined) return [];
  const problems: Problem[] = [];
  if (transport === 'udp' && sip.udp_port === 0) {
    problems.push(
      contradiction('gateway.transport', transport, 'needs sip.udp_port; turn that on, or take "tcp"'),
    );
  }
  if (media === 'srtp' && transport !== 'tls') {
    problems.push(
      contradiction(
        'gateway.media',
        media,
        'keys may not travel in clear; take gateway.transport = "tls" too',
      ),
    );
  }
  return problems;
}

function gatewayItself({ gateway: { host }, site }: Config): Problem[] {
  if (host === undefined || host !== site.address) return [];
  return [contradiction('gateway.host', host, "is the box's own address; name the gateway's")];
}

function gatewayAccount({ gateway: { username, secret_file: file } }: Config): Problem[] {
  if ((username === undefined) === (file === undefined)) return [];
  return username === undefined
    ? [contradiction('gateway.secret_file', file, 'needs gateway.username too')]
    : [contradiction('gateway.username', username, 'needs gateway.secret_file too, with its password')];
}

function gatewayNumber({ gateway: { shown, number, host } }: Config): Problem[] {
  if (host === undefined || shown === 'phone' || number !== undefined) return [];
  return [contradiction('gateway.shown', shown, 'needs gateway.number too')];
}

function mailAddresses({ emergency: { mail } }: Config): Problem[] {
  if (mail.server === undefined) return [];
  const problems: Problem[] = [];
  if (mail.from === undefined || mail.to.length === 0) {
    const missing = mail.from === undefined ? 'emergency.mail.from' : 'emergency.mail.to';
    problems.push(contradiction('emergency.mail.server', mail.server, `needs ${missing} too`));
  }
  if ((mail.username === undefined) !== (mail.secret_file === undefined)) {
    const missing = mail.username === undefined ? 'username' : 'secret_file';
    problems.push(contradiction('emergency.mail.server', mail.server, `needs emergency.mail.${missing} too`));
  }
  if (mail.username !== undefined && mail.tls === 'none') {
    problems.push(contradiction('emergency.mail.tls', mail.tls, 'a password may not travel in clear'));
  }
  return problems;
}
