/** The status screen on a terminal, run by its own unit in its cage, and what becomes of an order that is typed there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../support/command.ts';
import { openLab, type Lab } from '../support/namespaces.ts';
import { bootMachine, type Machine } from '../support/systemd-machine.ts';

const overlay = join(import.meta.dirname, '../../image/root');
const screenFiles = [
  '/usr/lib/gatehouse/image/console-screen',
  '/usr/lib/systemd/system/gatehouse-console@.service',
  '/usr/lib/systemd/system/gatehouse-console-reset.path',
  '/usr/lib/systemd/system/gatehouse-console-reset.service',
];

/** In the place of the image's own, which gives up the data partition. */
const anew = '[Service]\nType=oneshot\nExecStart=/bin/touch /run/anew\n';
const settings = '[site]\naddress = "127.0.0.1"\n[dhcp]\nmode = "off"\n[web]\naddress = "0.0.0.0"\n';

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = openLab();
  const box = await lab.namespace('box');
  const built = await run(['npm', 'run', '--silent', 'deb', '--', lab.directory], { timeoutMs: 120_000 });
  machine = await bootMachine({
    lab,
    namespace: box,
    package: built.trim(),
    files: {
      ...Object.fromEntries(screenFiles.map((path) => [path, readFileSync(join(overlay, path), 'utf8')])),
      '/usr/lib/systemd/system/gatehouse-data-anew.service': anew,
      '/etc/gatehouse/gatehouse.toml': settings,
      '/etc/machine-id': '0123456789abcdef0123456789abcdef\n',
      '/run/gatehouse-data': 'ok\n/dev/vda5\n\nplain\n',
      '/var/lib/gatehouse/web/page.key': 'a key\n',
    },
    prepare: [
      'chmod 0755 /usr/lib/gatehouse/image/console-screen',
      'useradd --system --gid gatehouse gatehouse-console',
    ],
  });
  await machine.exec(['systemctl', 'start', 'gatehouse-console-reset.path']);
});

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

/** Opens a terminal with the screen on it, types a line once that shows, and prints all of it when the box is made anew or 20 s are over. */
const terminal = (typed: string) => `perl -e '
  open my $master, "+<", "/dev/ptmx" or die "ptmx: $!";
  my $number = pack "I", 0;
  ioctl $master, 0x80045430, $number or die "number: $!";
  my $unlocked = pack "I", 0;
  ioctl $master, 0x40045431, $unlocked or die "unlock: $!";
  system("systemctl start --no-block gatehouse-console\\@pts-" . unpack("I", $number));
  my ($shown, $done, $end) = ("", 0, time + 20);
  while (time < $end && !-e "/run/anew") {
    my $bits = ""; vec($bits, fileno $master, 1) = 1;
    next unless select($bits, undef, undef, 0.2) > 0;
    sysread $master, my $text, 65536 or next;
    $shown .= $text;
    next if $done || $shown !~ /type  reset (\\w+)  and Enter/;
    syswrite $master, "${typed}\\n"; $done = 1; $end = time + ${typed.endsWith('$1') ? 20 : 3};
  }
  print $shown;
'`;

it('its unit shows the screen, and obeys nothing else that is typed, keys that stop programs among it', async () => {
  const shown = await machine.shell(terminal(String.raw`\x03\x1a\x13reset 99999999`));
  expect(shown).toContain('Machine id    0123456789abcdef0123456789abcdef');
  expect(await machine.shell('systemctl is-failed "gatehouse-console@*" || true')).not.toContain('failed');
  expect(await machine.shell('ls /run/anew /run/gatehouse-console/reset 2>/dev/null || true')).toBe('');
  expect(await machine.shell('cat /var/lib/gatehouse/web/page.key')).toBe('a key\n');
});

it('what it asks for, typed there, destroys the keys and has the data partition made anew', async () => {
  await machine.shell(terminal('reset $1'));
  expect(await machine.shell('ls /run/anew')).toBe('/run/anew\n');
  const left = 'ls /var/lib/gatehouse/web/page.key /run/gatehouse-console/reset 2>/dev/null || true';
  expect(await machine.shell(left)).toBe('');
});
