#!/usr/bin/env node
/** The command line: `gatehouse <command>`. Exit code 0 good, 1 found a problem, 2 wrong usage. */
import { existsSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { dirname, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { startAppliance } from './appliance.ts';
import { explainError } from './commands/explain-error.ts';
import { parseWords, unknownCommand, usage, UsageError, type Abouts } from './commands/usage.ts';
import { ConfigError, readConfig, unreachablePaths } from './config.ts';
import { configuredParts } from './config/parts.ts';
import { reportToSystemd } from './net/systemd.ts';
import { partNames, type PartName } from './store/journal-kinds.ts';
import { openWorld, version } from './world.ts';

export interface CommandCall {
  /** Path of `gatehouse.toml`; each command reads it when it needs it. */
  readonly configFile: string;
  readonly json: boolean;
  /** Take back what the command did before. */
  readonly undo?: boolean;
  /** Address of the DHCP server that `probe` asks as a relay. */
  readonly relay?: string;
  /** `update apply`: not in the window, but now. */
  readonly now?: boolean;
  /** `update stage`: also an older release. */
  readonly force?: boolean;
  /** How long `drill` goes on at most. */
  readonly minutes?: string;
  /** File that `calls` writes the messages of one call to. */
  readonly pcap?: string;
  /** `--model`, `--release` and `--sha256` of `firmware add` and `remove`. */
  readonly firmware?: { readonly model?: string; readonly release?: string; readonly sha256?: string };
  /** Words after the command. */
  readonly rest: readonly string[];
  readonly out: (line: string) => void;
}

/** Returns the exit code. */
type Command = (call: CommandCall) => Promise<number>;

interface Described {
  readonly about: string;
  readonly run: Command;
  /** More words after the command are a mistake; of those that say nothing each command judges by itself. */
  readonly mostWords?: number;
}

const commands: Record<string, Described> = {
  run: { about: 'run [part…]       start the box, or the parts named', run: runCommand },
  check: {
    about:
      "check             is this site ready: names, ports, proxy, clock, other DHCP servers, phones' firmware, emergency calls",
    run: async (call) => (await import('./commands/check.ts')).checkCommand(call),
  },
  status: {
    about: 'status            how the parts are',
    run: async (call) => (await import('./commands/status.ts')).statusCommand(call),
    mostWords: 0,
  },
  phones: {
    about: 'phones            every phone and how far it has come',
    run: async (call) => (await import('./commands/phones.ts')).phonesCommand(call),
    mostWords: 0,
  },
  calls: {
    about:
      'calls [ID]        the last calls and why they ended; one with its SIP messages, or --pcap FILE for Wireshark',
    run: async (call) => (await import('./commands/calls.ts')).callsCommand(call),
  },
  leases: {
    about: 'leases            who has which address, what it was told, and whom DHCP refused one',
    run: async (call) => (await import('./commands/leases.ts')).leasesCommand(call),
    mostWords: 0,
  },
  phone: {
    about:
      'phone <MAC>       all that is known of one phone, and what to do next; phone <MAC> log <N>; phone <MAC> restart',
    run: async (call) => (await import('./commands/phone.ts')).phoneCommand(call),
  },
  emergency: {
    about: 'emergency [call]  calls for help; of one all that is kept: ways, places, who was told',
    run: async (call) => (await import('./commands/emergency.ts')).emergencyCommand(call),
    mostWords: 1,
  },
  snippet: {
    about: 'snippet <server>  configuration for your own dnsmasq, kea, isc, windows or ios DHCP server',
    run: async (call) => (await import('./commands/snippet.ts')).snippetCommand(call),
  },
  url: {
    about: "url <vendor>      the provisioning URL of a vendor's phones, with the steps for a phone at home",
    run: async (call) => (await import('./commands/url.ts')).urlCommand(call),
  },
  import: {
    about: 'import numbers <csv>  whose which number and extension is, for calls in an outage',
    run: async (call) => (await import('./commands/import.ts')).importCommand(call),
  },
  drill: {
    about: 'drill [MAC|all]   who could call whom without internet; plays an outage (--minutes N, --undo)',
    run: async (call) => (await import('./commands/drill.ts')).drillCommand(call),
  },
  bypass: {
    about:
      "bypass [MAC|all]  give phones back the cloud's own addresses (--undo: take them in again), or list them",
    run: async (call) => (await import('./commands/bypass.ts')).bypassCommand(call),
  },
  probe: {
    about:
      "probe dhcp        what your DHCP servers would tell each vendor's phones; --relay IP asks that server",
    run: async (call) => (await import('./commands/probe.ts')).probeCommand(call),
  },
  firmware: {
    about:
      'firmware [what]   firmware for phones: list; add <file…> --model M --release V; remove; pause; resume',
    run: async (call) => (await import('./commands/firmware.ts')).firmwareCommand(call),
  },
  adopt: {
    about: 'adopt [list|plan|start|pause|resume|undo]  phones already in use, and taking them over in waves',
    run: async (call) => (await import('./commands/adopt.ts')).adoptCommand(call),
  },
  authority: {
    about:
      'authority         what phones trust and what the box shows them; authority make makes and renews it',
    run: async (call) => (await import('./commands/authority.ts')).authorityCommand(call),
  },
  units: {
    about:
      'units [folder]    writes the systemd units that depend on the settings (sockets, which parts run)',
    run: async (call) => (await import('./commands/units.ts')).unitsCommand(call),
  },
  prepare: {
    about: 'prepare <folder>  files for systemd-networkd, units and firewall rules; the image calls it',
    run: async (call) => (await import('./commands/prepare.ts')).prepareCommand(call),
  },
  firewall: {
    about:
      'firewall          the nftables rules that the settings need: what is let in, and nothing forwarded',
    run: async (call) => (await import('./commands/firewall.ts')).firewallCommand(call),
  },
  backup: {
    about: 'backup <file>     settings, leases, accounts, places and authority, sealed with a passphrase',
    run: async (call) => (await import('./commands/backup.ts')).backupCommand(call),
  },
  restore: {
    about: 'restore <file>    makes this machine the box that the backup was taken of; stop it first',
    run: async (call) => (await import('./commands/restore.ts')).restoreCommand(call),
  },
  network: {
    about:
      "network <what>    show, apply or confirm a change of the machine's own network ([box]); write, at boot; as root",
    run: async (call) => (await import('./commands/network.ts')).networkCommand(call),
  },
  settings: {
    about:
      'settings <what>   stick <device> reads settings from a stick; offered takes them; for systemd, as root',
    run: async (call) => (await import('./commands/settings.ts')).settingsCommand(call),
  },
  reset: {
    about: 'reset             the image as it came: keys and data are destroyed; as root',
    run: async (call) => (await import('./commands/reset.ts')).resetCommand(call),
  },
  password: {
    about: 'password          a new password for the page, where it was forgotten; as root',
    run: async (call) => (await import('./commands/password.ts')).passwordCommand(call),
  },
  'setup-code': {
    about:
      'setup-code        the code that opens a new box on its page, and the certificate to expect; as root',
    run: async (call) => (await import('./commands/setup-code.ts')).setupCodeCommand(call),
  },
  orders: {
    about: 'orders            carries out what the page ordered for the box; systemd calls it, as root',
    run: async (call) => {
      const { ordersCommand } = await import('./commands/orders.ts');
      return ordersCommand(call, siteTemplates);
    },
  },
  update: {
    about:
      'update [what]     new releases of the image: status; check; stage [folder] [--force]; apply [--now]',
    run: async (call) => (await import('./commands/update.ts')).updateCommand(call),
  },
  version: {
    about: 'version           which release this is',
    run: async ({ out }) => {
      out(`Gatehouse ${version}`);
      return 0;
    },
    mostWords: 0,
  },
  config: {
    about: 'config <what>     check, print or schema of gatehouse.toml',
    run: async (call) => {
      const { configCommand } = await import('./commands/config.ts');
      return configCommand(call, await siteTemplates());
    },
  },
};

async function siteTemplates() {
  return (await import('./provisioning/site-templates.ts')).siteTemplateProblems;
}

async function runCommand({ configFile, rest }: CommandCall): Promise<number> {
  const unknown = rest.find((name) => !partNames.includes(name as PartName));
  if (unknown !== undefined) throw new UsageError(`no part "${unknown}"; there are ${partNames.join(', ')}`);
  const config = readConfig(configFile);
  const parts = rest.length > 0 ? (rest as PartName[]) : configuredParts(config);
  const unreachable = unreachablePaths(config, parts);
  if (unreachable.length > 0) throw new ConfigError(configFile, unreachable);
  const world = openWorld(process.env['GATEHOUSE_LOG'] ?? 'info');
  // Crash-only: what was committed is safe, so the supervisor's restart is the one way back from a fault of ours.
  process.once('uncaughtException', (error) => {
    world.log.fatal({ error: error.stack }, 'unexpected fault: ending, to be restarted');
    process.exit(1);
  });
  // Node asks the C library at each look, and drachtio-srf looks once for each header field that it reads.
  process.env = { ...process.env };
  const stopped = nextStopSignal();
  const settingsFile = resolve(configFile);
  await using _appliance = await startAppliance({ ...world, settingsFile }, config, parts);
  await using _supervised = reportToSystemd(world.clock);
  // Where NODE_COMPILE_CACHE names a directory: a part that is killed would leave nothing for its next start.
  flushCompileCache();
  await stopped;
  world.log.info('stopping');
  return 0;
}

function nextStopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  return promise;
}

function abouts(): Abouts {
  return Object.fromEntries(Object.entries(commands).map(([name, { about }]) => [name, about]));
}

async function main(words: string[]): Promise<number> {
  const { values, positionals } = parseWords(words);
  const [first = '', ...others] = positionals;
  const isHelp = values.help === true || first === 'help';
  const [name = '', ...rest] =
    first === 'help' ? others : values.version === true ? ['version'] : positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined && name !== '') throw new UsageError(unknownCommand(name, abouts()));
  if (isHelp) {
    console.log(usage(abouts(), name));
    return 0;
  }
  if (command === undefined) throw new UsageError('which command?');
  if (rest.length > (command.mostWords ?? rest.length))
    throw new UsageError(`${name} knows nothing of "${rest.at(-1)}"`);
  if (values.relay !== undefined && name !== 'probe') throw new UsageError('--relay belongs to probe');
  if (values.pcap !== undefined && name !== 'calls') throw new UsageError('--pcap belongs to calls');
  if (values.minutes !== undefined && name !== 'drill') throw new UsageError('--minutes belongs to drill');
  const configFile = values.config ?? defaultConfigFile();
  return await command.run({
    configFile,
    json: values.json === true,
    undo: values.undo === true,
    now: values.now === true,
    force: values.force === true,
    ...(values.relay === undefined ? {} : { relay: values.relay }),
    ...(values.pcap === undefined ? {} : { pcap: values.pcap }),
    ...(values.minutes === undefined ? {} : { minutes: values.minutes }),
    firmware: values,
    rest,
    out: (line) => console.log(line),
  });
}

const boxSettings = '/etc/gatehouse/gatehouse.toml';

/** On a box that was wiped there is none yet, and `restore` is to put it where the parts look for it. */
function defaultConfigFile(): string {
  const isHere = !existsSync(boxSettings) && existsSync('gatehouse.toml');
  return isHere || !existsSync(dirname(boxSettings)) ? 'gatehouse.toml' : boxSettings;
}

// What could not be written is no answer. Whoever reads no further, as `head`, has got his.
let lost: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') lost ??= error;
});
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`gatehouse: ${error.message}\n\`gatehouse --help\` lists all commands.`);
    process.exitCode = 2;
  } else {
    console.error(`gatehouse: ${explainError(error)}`);
    process.exitCode = 1;
  }
}
await nextTurn();
if (lost !== undefined) {
  console.error(`gatehouse: standard output: ${lost.message}`);
  process.exitCode = 1;
}
// A part that failed to start may have left timers; what had to be stopped was stopped above.
process.exit();
