/** The image in an emulated machine: its serial console in a file, a root shell on another serial line that only tests turn on. */
import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, until, words, type Running } from '../support/command.ts';
import type { Namespace } from '../support/namespaces.ts';
import { emulator } from './emulator.ts';
import { openSerialShell, type SerialShell } from './serial-shell.ts';

export interface EmulatedMachine extends AsyncDisposable {
  /** Runs lines of shell as root inside and gives back what they print. Throws when they end with another code than 0. */
  shell(script: string, timeoutMs?: number): Promise<string>;
  /** The shell of a system that has restarted is another one. */
  forgetShell(): void;
  /** All that came by the serial console, each line with the milliseconds since power on. */
  readonly consoleFile: string;
  readonly console: () => string;
  /** At the serial console; the firmware and the boot loader hear it too. */
  type(text: string): void;
  /** ms since power on. */
  readonly age: () => number;
  readonly hasEnded: () => boolean;
  /** As if the plug was pulled: what the guest had not written is lost. */
  cutPower(): Promise<void>;
  /** An orderly shutdown. */
  powerOff(): Promise<void>;
}

export interface Card {
  /** Tap device in the machine's namespace. */
  readonly tap: string;
  readonly mac: string;
}

export interface MachineOptions {
  /** Whose network its cards are in. */
  readonly namespace: Namespace;
  /** Folder of its own for firmware variables, sockets and console. */
  readonly directory: string;
  /** qcow2 that it writes to. */
  readonly disk: string;
  /** In the order of their slots: the guest calls them enp0s3, enp0s4 and so on. */
  readonly cards: readonly Card[];
  /** Name to text: systemd's credentials, given by SMBIOS. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** More words on the kernel's command line. */
  readonly kernelWords?: readonly string[];
  /** The disk takes no writes. */
  readonly isReadOnly?: boolean;
  /** A firmware that knows Secure Boot, and asks for it once it has keys. */
  readonly isSecureBoot?: boolean;
  /** More words for QEMU. */
  readonly hardware?: readonly string[];
  readonly memoryMegabytes?: number;
}

/** A new disk over the image, which stays as it is; without `size` it is no larger. */
export async function newDisk(image: string, file: string, size = '8G'): Promise<string> {
  const format = image.endsWith('.qcow2') ? 'qcow2' : 'raw';
  const sizes = size === '' ? [] : [size];
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', format, '-b', image, file, ...sizes]);
  return file;
}

/** Turns the machine on. Resolves at once: wait for what the test is about. */
export function powerOn(options: MachineOptions): EmulatedMachine {
  const { namespace, directory } = options;
  const { command, firmware } = emulator();
  const variables = join(directory, 'firmware-variables');
  if (!existsSync(variables)) copyFileSync(join(firmware, 'OVMF_VARS_4M.fd'), variables);
  const consoleFile = join(directory, 'console');
  const beganAt = Date.now();
  const age = () => Date.now() - beganAt;
  appendFileSync(consoleFile, `${stamp(0)} power on\n`);
  const socket = join(directory, 'shell.sock');
  const running = namespace.start(
    [...command, ...hardware(options), ...serialLines(socket), ...drives(options, { firmware, variables })],
    {
      onLine: (line) => appendFileSync(consoleFile, `${stamp(age())} ${plain(line)}\n`),
      errorsAreLines: true,
    },
  );
  let shell: Promise<SerialShell> | undefined;
  const connected = () => (shell ??= openSerialShell(socket, running));
  const ended = () => until('the machine to power off', () => running.hasExited(), { timeoutMs: 60_000 });
  return {
    shell: async (script, timeoutMs) => await (await connected()).run(script, timeoutMs),
    forgetShell: () => {
      shell?.then(
        (former) => former.close(),
        () => undefined,
      );
      shell = undefined;
    },
    consoleFile,
    console: () => readFileSync(consoleFile, 'utf8'),
    type: (text) => running.write(text),
    age,
    hasEnded: running.hasExited,
    cutPower: async () => {
      running.kill('SIGKILL');
      await running.exited;
    },
    powerOff: async () => {
      await (await connected()).run('systemctl --no-block poweroff');
      await ended();
    },
    [Symbol.asyncDispose]: async () => await endMachine(running, await shell?.catch(() => undefined)),
  };
}

async function endMachine(running: Running, shell: SerialShell | undefined): Promise<void> {
  shell?.close();
  running.kill('SIGKILL');
  await running.exited;
}

const stamp = (ms: number) => `[${(ms / 1000).toFixed(2).padStart(7)}]`;

/** Without the words that move a cursor. */
// eslint-disable-next-line no-control-regex
const plain = (line: string) => line.replace(/\u001b(?:\[[0-9;?=]*[A-Za-z]|c|[()]\w)|[\r\u0000]/g, '');

/** A root shell on the third serial line, by systemd's own credentials (systemd-debug-generator(8)): the image knows nothing of it. */
const shellCredentials = {
  'systemd.extra-unit.serial-shell.service': `[Unit]
DefaultDependencies=no
ConditionPathExists=!/etc/initrd-release
[Service]
ExecStart=/bin/sh -c '(while [ ! -e /run/serial-shell ]; do echo "<up>"; sleep 1; done) & exec sh'
Restart=always
StandardInput=tty
TTYPath=/dev/ttyS2
IgnoreSIGPIPE=no
`,
  'systemd.unit-dropin.sysinit.target': '[Unit]\nWants=serial-shell.service\n',
};

/**
 * A processor that Linux needs no page tables of its own for: each system call would throw away all that TCG knows of addresses, and a
 * boot take twice as long. It has what its name hasn't: SHA-256 of today's thin clients, by which the root is checked, and SSE 4.
 */
const processor = 'phenom,+ssse3,+sse4.1,+sse4.2,+popcnt,+sha-ni,+fsgsbase,-3dnow,-3dnowext,-fxsr-opt';

/**
 * On a machine that is at work on much else (`GATEHOUSE_SHARED_MACHINE`) the guest has one processor, and a clock that goes by what that has
 * done: its own guard times are then those of a machine alone, however long all of it takes.
 */
const pace =
  process.env['GATEHOUSE_SHARED_MACHINE'] === undefined
    ? '-accel tcg,thread=multi,tb-size=1024 -smp 2'
    : '-accel tcg,thread=single,tb-size=1024 -smp 1 -icount shift=2';

/** Nothing that the firmware would look through. */
function hardware(options: MachineOptions) {
  const { cards, credentials = {}, kernelWords = [], hardware: more = [], memoryMegabytes = 1024 } = options;
  const strings = [
    ...(kernelWords.length === 0 ? [] : [`io.systemd.stub.kernel-cmdline-extra=${kernelWords.join(' ')}`]),
    ...Object.entries({ ...credentials, ...shellCredentials }).map(
      ([name, text]) => `io.systemd.credential.binary:${name}=${Buffer.from(text).toString('base64')}`,
    ),
  ];
  return [
    ...words(`${pace} -cpu ${processor} -machine q35`),
    ...words(
      `-m ${memoryMegabytes} -nodefaults -vga none -display none -boot strict=on -device virtio-rng-pci`,
    ),
    ...strings.flatMap((value) => ['-smbios', `type=11,value=${value.replaceAll(',', ',,')}`]),
    ...cards.flatMap(({ tap, mac }, at) => [
      '-netdev',
      `tap,id=net${at},ifname=${tap},script=no,downscript=no`,
      '-device',
      // romfile= keeps the firmware from trying to boot by network for minutes.
      `virtio-net-pci,netdev=net${at},mac=${mac},romfile=,addr=0x${(at + 3).toString(16)}`,
    ]),
    // Only the firmware, in its own mode of the processor, writes its variables.
    ...(options.isSecureBoot === true
      ? words('-machine smm=on -global driver=cfi.pflash01,property=secure,value=on')
      : []),
    ...more,
  ];
}

/**
 * The console is what the emulator prints, the shell's line a socket. That is COM3: firmware and boot loader take what comes by COM1 and
 * COM2 for keys, and a box that restarts while it is asked something would stay in the boot loader's menu.
 */
function serialLines(socket: string): string[] {
  return words(
    `-serial stdio -chardev socket,id=shell,path=${socket},server=on,wait=off ` +
      `-device isa-serial,chardev=shell,index=2,iobase=0x3e8,irq=5`,
  );
}

function drives(options: MachineOptions, files: { firmware: string; variables: string }): string[] {
  const { disk, isReadOnly = false, isSecureBoot = false } = options;
  const code = join(files.firmware, isSecureBoot ? 'OVMF_CODE_4M.secboot.fd' : 'OVMF_CODE_4M.fd');
  const access = isReadOnly ? ',readonly=on' : '';
  // Killed, it loses what the guest had not flushed; this machine's page cache stays.
  const data = `if=none,id=disk,format=qcow2,file=${disk},discard=unmap${access}`;
  return words(
    `-drive if=pflash,format=raw,readonly=on,file=${code} ` +
      `-drive if=pflash,format=raw,file=${files.variables} ` +
      `-drive ${data} -device virtio-blk-pci,drive=disk,bootindex=0,addr=0x10`,
  );
}
