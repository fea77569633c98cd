import { expect, it } from 'vitest';
import { problemsOf } from '../../support/settings-problems.ts';

const site = '[site]\naddress = "10.20.0.1"\n';

it.each([
  ['a gateway by address', '[gateway]\nhost = "10.20.0.9"\nprefixes = ["+49"]\n', []],
  [
    'a gateway over UDP without a UDP port of ours',
    '[sip]\nudp_port = 0\n[gateway]\nhost = "10.20.0.9"\n',
    ['line 5: gateway.transport = "udp": needs sip.udp_port; turn that on, or take "tcp"'],
  ],
  [
    'keys in clear',
    '[gateway]\nhost = "10.20.0.9"\nmedia = "srtp"\n',
    ['line 5: gateway.media = "srtp": keys may not travel in clear; take gateway.transport = "tls" too'],
  ],
  [
    'a gateway that is the box',
    '[gateway]\nhost = "10.20.0.1"\n',
    ['line 4: gateway.host = "10.20.0.1": is the box\'s own address; name the gateway\'s'],
  ],
  [
    'an account without a password',
    '[gateway]\nhost = "10.20.0.9"\nusername = "box"\n',
    ['line 5: gateway.username = "box": needs gateway.secret_file too, with its password'],
  ],
  [
    'a main number that is not told',
    '[gateway]\nhost = "10.20.0.9"\nshown = "main"\n',
    ['line 5: gateway.shown = "main": needs gateway.number too'],
  ],
  [
    'mail to nobody',
    '[emergency.mail]\nserver = "mail.example"\nfrom = "box@example.com"\n',
    ['line 4: emergency.mail.server = "mail.example": needs emergency.mail.to too'],
  ],
  [
    'a mail password in clear',
    '[emergency.mail]\nserver = "mail.example"\nfrom = "a@b"\nto = ["c@d"]\ntls = "none"\nusername = "x"\nsecret_file = "/x"\n',
    ['line 7: emergency.mail.tls = "none": a password may not travel in clear'],
  ],
  [
    'a webhook that is no address',
    '[emergency]\nwebhook = "ftp://x/"\n',
    [
      'line 4: emergency.webhook = "ftp://x/": must be an http or https address, such as "http://10.20.0.5/alarm"',
    ],
  ],
])('%s', (_title, toml, problems) => {
  expect(problemsOf(site + toml)).toEqual(problems);
});
