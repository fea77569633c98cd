/**
 * linphone's console client as a desk phone: another SIP stack (belle-sip) and another SRTP than baresip's. Its TLS library in Debian 12
 * (mbedTLS 2.28) reads neither an authority with name constraints nor addresses in certificates, so it does not verify the box.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Running, StartOptions } from './command.ts';

export interface LinphoneOptions {
  /** Starts a program where the phone shall live. */
  readonly start: (command: readonly string[], options?: StartOptions) => Running;
  /** Made when missing; configuration, database and log go there. */
  readonly directory: string;
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  /** `<sip:…;transport=tls;lr>`. */
  readonly outbound: string;
  /** 8 kHz mono WAV that it speaks, in the place of a sound card. */
  readonly speech: string;
}

export interface Linphone extends AsyncDisposable {
  readonly process: Running;
  /** A line at its prompt: `call sip:…`, `terminate`, `help`. */
  command(line: string): void;
}

/** Answers by itself. */
export function startLinphone(options: LinphoneOptions): Linphone {
  const { directory } = options;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, 'linphonerc');
  writeFileSync(file, configuration(options));
  const log = ['-l', join(directory, 'linphone.log'), '-d', '4'];
  const running = options.start(['linphonec', '-c', file, '-a', ...log], {
    environment: { ...process.env, HOME: directory, TERM: 'dumb' },
    logFile: join(directory, 'said.log'),
  });
  running.write(`soundcard use files\nplay ${options.speech}\n`);
  return {
    process: running,
    command: (line) => running.write(`${line}\n`),
    [Symbol.asyncDispose]: async () => await running[Symbol.asyncDispose](),
  };
}

function configuration({ directory, user, password, domain, outbound }: LinphoneOptions): string {
  return `[sip]
default_proxy=0
sip_port=-1
sip_tcp_port=-1
sip_tls_port=-1
root_ca=/etc/ssl/certs
verify_server_certs=0
verify_server_cn=0
media_encryption=srtp
media_encryption_mandatory=1
register_only_when_network_is_up=0
guess_hostname=1
[net]
mtu=0
firewall_policy=0
[rtp]
audio_rtp_port=20000
[video]
enabled=0
[storage]
uri=${join(directory, 'linphone.db')}
[auth_info_0]
username=${user}
passwd=${password}
domain=${domain}
realm=${domain}
[proxy_0]
reg_proxy=${outbound}
reg_route=${outbound}
reg_identity=sip:${user}@${domain}
reg_expires=60
reg_sendregister=1
publish=0
avpf=0
`;
}
