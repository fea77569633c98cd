/** baresip as a desk phone: its configuration, its start in a namespace, and the keys pressed on it. */
import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, type Running, type StartOptions } from './command.ts';

export interface BaresipOptions {
  /** Starts a program where the phone shall live. */
  readonly start: (command: readonly string[], options?: StartOptions) => Running;
  /** Made when missing; configuration and log go there. */
  readonly directory: string;
  readonly user: string;
  /** User name of the digest, where it isn't `user`. */
  readonly authUser?: string;
  readonly password: string;
  readonly domain: string;
  /** Outbound proxy; without it the phone asks the domain itself. */
  readonly outbound?: string;
  readonly transport: 'udp' | 'tcp' | 'tls';
  /** Authorities that the phone trusts, PEM file. */
  readonly caFile?: string;
  /** Own address; needed where the machine has several. */
  readonly address?: string;
  /** Where it listens for SIP; some port when left out. */
  readonly port?: number;
  /** SDES-SRTP offered and wanted; true over TLS when left out. */
  readonly srtp?: boolean;
  /** Sends back what it hears in place of a tone. */
  readonly echo?: boolean;
  /** A picture besides: a pattern of its own, by VP8. What comes is decoded and shown to nobody. */
  readonly video?: boolean;
  readonly registrationSeconds?: number;
  readonly answer?: 'auto' | 'manual';
  /** How long it has something to say in a call, after which it hangs up; 20 when left out. */
  readonly speaksSeconds?: number;
  /** Ends itself after this long, should everything else fail. */
  readonly lifeSeconds?: number;
}

/** What baresip says by itself: `REGISTER_OK`, `CALL_INCOMING`, `CALL_RINGING`, `CALL_ESTABLISHED`, `CALL_CLOSED`, … */
export interface PhoneEvent {
  readonly type: string;
  readonly param: string;
  readonly at: number;
}

interface ControlMessage {
  readonly event?: boolean;
  readonly type?: string;
  readonly param?: string;
  readonly token?: string;
  readonly data?: string;
}

export interface PacketCount {
  readonly sent: number;
  readonly received: number;
}

export interface Baresip extends AsyncDisposable {
  readonly process: Running;
  readonly events: readonly PhoneEvent[];
  /** RTP packets as the phone counted them, a finished call each. */
  readonly finished: readonly PacketCount[];
  /** What the phone answers to a command of its menu, such as `dial`, `hangup`, `accept`, `callstat`, `reginfo`. */
  command(command: string, params?: string): Promise<string>;
  /** Waits until the phone says that it is registered. */
  registered(timeoutMs?: number): Promise<void>;
  /** Waits for an event of this type that came after `since` (an index into `events`, 0 when left out). */
  waitFor(type: string, options?: { since?: number; timeoutMs?: number }): Promise<PhoneEvent>;
}

/** Resolves when the phone answers to commands; it registers by itself. */
export async function startBaresip(options: BaresipOptions): Promise<Baresip> {
  const { directory } = options;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const controlPort = randomInt(30_000, 60_000);
  writeFileSync(join(directory, 'tone.wav'), toneWav(options.speaksSeconds ?? 20));
  writeFileSync(join(directory, 'config'), configuration(options, controlPort));
  writeFileSync(join(directory, 'accounts'), `${account(options)}\n`);
  const finished: PacketCount[] = [];
  const running = options.start(['baresip', '-f', directory, '-t', String(options.lifeSeconds ?? 600)], {
    logFile: join(directory, 'baresip.log'),
    onLine: (line) => {
      const [, sent, received] = /^packets:\s+(\d+)\s+(\d+)/.exec(line) ?? [];
      if (received !== undefined) finished.push({ sent: Number(sent), received: Number(received) });
    },
  });
  const events: PhoneEvent[] = [];
  const answers = new Map<string, string>();
  const control = options.start(['perl', '-e', bridge, String(controlPort)], {
    onLine: (line) => {
      const message = JSON.parse(line) as ControlMessage;
      if (message.event === true) {
        events.push({ type: message.type ?? '', param: message.param ?? '', at: Date.now() });
      } else if (message.token !== undefined) answers.set(message.token, message.data ?? '');
    },
  });
  const command = async (name: string, params?: string) => {
    const token = String(randomInt(1, 2 ** 40));
    control.write(
      `${JSON.stringify({ command: name, ...(params === undefined ? {} : { params }), token })}\n`,
    );
    const lastSeen = () => (running.hasExited() ? running.lastWords() : control.lastWords());
    const answer = await until(`baresip ${options.user} to do "${name}"`, () => answers.get(token), {
      timeoutMs: 5000,
      everyMs: 20,
      lastSeen,
    });
    answers.delete(token);
    return answer;
  };
  const waitFor: Baresip['waitFor'] = (type, { since = 0, timeoutMs = 15_000 } = {}) =>
    until(
      `baresip ${options.user} to report ${type}`,
      () => events.slice(since).find((event) => event.type === type),
      {
        timeoutMs,
        everyMs: 20,
        lastSeen: () =>
          `${events.map((event) => `${event.type} ${event.param}`).join(', ')}\n${running.lastWords()}`,
      },
    );
  const registered = async (timeoutMs = 15_000) => {
    await until(
      `baresip ${options.user} to be registered`,
      async () => (/OK/.test(await command('reginfo')) ? true : undefined),
      { timeoutMs, everyMs: 200, lastSeen: running.lastWords },
    );
  };
  await command('reginfo');
  return {
    process: running,
    events,
    finished,
    command,
    registered,
    waitFor,
    [Symbol.asyncDispose]: async () => {
      await control[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
    },
  };
}

function account(options: BaresipOptions): string {
  const { user, password, domain, transport, outbound, srtp = transport === 'tls' } = options;
  const parameters = [
    `auth_user=${options.authUser ?? user}`,
    `auth_pass=${password}`,
    ...(outbound === undefined ? [] : [`outbound="${outbound}"`]),
    `regint=${options.registrationSeconds ?? 60}`,
    ...(srtp ? ['mediaenc=srtp-mand'] : []),
    `answermode=${options.answer ?? 'auto'}`,
    'audio_codecs=PCMU',
    ...(options.video === true ? ['video_codecs=VP8'] : []),
  ];
  return `<sip:${user}@${domain};transport=${transport}>;${parameters.join(';')}`;
}

function configuration(options: BaresipOptions, controlPort: number): string {
  const pictures = options.video === true ? ['vp8', 'fakevideo'] : [];
  const modules = ['g711', 'aufile', 'aubridge', 'srtp', ...pictures].map((name) => `module ${name}.so`);
  const applications = ['menu', 'ctrl_tcp'].map((name) => `module_app ${name}.so`);
  return `module_path /usr/lib/baresip/modules
sip_listen ${options.address ?? '0.0.0.0'}:${options.port ?? 0}
${options.caFile === undefined ? '' : `sip_cafile ${options.caFile}`}
sip_verify_server ${options.caFile === undefined ? 'no' : 'yes'}
audio_source ${options.echo === true ? 'aubridge,sink' : `aufile,${join(options.directory, 'tone.wav')}`}
audio_player aubridge,sink
audio_alert aubridge,sink
audio_level no
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_stats yes
rtcp_mux no
call_max_calls 4
${pictures.length === 0 ? '' : 'video_source fakevideo,nil\nvideo_display fakevideo,nil\nvideo_size 352x288\nvideo_bitrate 300000\nvideo_fps 15\n'}
ctrl_tcp_listen 127.0.0.1:${controlPort}
${modules.join('\n')}
module_tmp uuid.so
module_tmp account.so
${applications.join('\n')}
`;
}

/** Joins the control port inside the namespace to our pipes: a line in is a netstring out, and back. Waits for baresip. */
const bridge = String.raw`
use strict; use IO::Socket::INET; $| = 1;
my $socket;
for (1 .. 100) {
  $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $ARGV[0], Proto => "tcp") and last;
  select(undef, undef, undef, 0.1);
}
$socket or die "baresip did not open its control port\n";
$socket->autoflush(1);
if (fork() == 0) {
  while (<STDIN>) { chomp; print $socket length($_) . ":$_,"; }
  exit;
}
my $buffer = "";
while (sysread($socket, my $chunk, 65536)) {
  $buffer .= $chunk;
  while ($buffer =~ /^(\d+):/ && length($buffer) >= length($1) + 2 + $1) {
    print substr($buffer, length($1) + 1, $1), "\n";
    $buffer = substr($buffer, length($1) + 2 + $1);
  }
}
`;

/** A 440 Hz tone: 8 kHz, mono, 16 bit. */
function toneWav(seconds: number): Buffer {
  const samples = 8000 * seconds;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(8000, 24);
  wav.writeUInt32LE(16_000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(samples * 2, 40);
  for (let at = 0; at < samples; at += 1) {
    wav.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * 440 * at) / 8000)), 44 + at * 2);
  }
  return wav;
}
