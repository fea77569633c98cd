/** The Debian package in fresh roots of Debian 12 and 13, by apt as people do it: installed, used, installed anew, removed, purged. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { thisMirror } from '../../image/build/mirror.ts';
import { run } from '../support/command.ts';
import { openLab } from '../support/namespaces.ts';
import type { Finding } from './results.ts';

const suites = ['bookworm', 'trixie'];
const suiteMs = 600_000;

/** Run with the root's folder as $1; each line is a step, and the first that fails ends it. */
const steps = `#!/bin/sh
set -e
inside() { chroot "$1" env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive sh -ec "$2"; }
say() { echo "$*" >>"$STEPS"; }
cp "$PACKAGE" "$1/tmp/gatehouse.deb"
say installed by apt, with what it depends on
inside "$1" 'apt-get install -qq -y --no-install-recommends /tmp/gatehouse.deb >/dev/null'
inside "$1" 'for part in dhcp provisioning sip rtp location cloud web; do getent passwd gatehouse-$part >/dev/null; done'
say nothing is started or enabled by itself
inside "$1" '! find /etc/systemd/system -name "*gatehouse*" | grep .'
say the program runs with the runtime that it brings
inside "$1" 'gatehouse config print >/tmp/all; grep -q "^\\[site\\]" /tmp/all'
inside "$1" 'printf "[site]\\naddress = \\"127.0.0.1\\"\\n" >/etc/gatehouse/gatehouse.toml; gatehouse config check'
inside "$1" 'gatehouse units >/dev/null; gatehouse firewall >/tmp/rules; nft --check --file /tmp/rules 2>/dev/null || true'
say systemd of this release understands every unit
inside "$1" 'systemd-analyze verify --man=no /usr/lib/systemd/system/gatehouse*.service /usr/lib/systemd/system/gatehouse*.socket /usr/lib/systemd/system/gatehouse*.timer 2>&1 | tee /tmp/verify; ! grep -i "unknown\\|failed to parse\\|ignoring" /tmp/verify'
inside "$1" 'systemctl enable -q gatehouse.target gatehouse-firewall.service gatehouse-network.service'
inside "$1" 'mkdir -p /var/lib/gatehouse/dhcp; echo x >/var/lib/gatehouse/dhcp/kept'
say installed anew, settings and state stay
inside "$1" 'sha256sum /etc/gatehouse/gatehouse.toml >/tmp/sum; dpkg -i /tmp/gatehouse.deb >/dev/null; sha256sum --quiet -c /tmp/sum; test -e /var/lib/gatehouse/dhcp/kept'
say removed, settings and state stay
inside "$1" 'apt-get remove -qq -y gatehouse >/dev/null; ! command -v gatehouse; test -e /etc/gatehouse/gatehouse.toml -a -e /var/lib/gatehouse/dhcp/kept'
say installed again it goes on with them
inside "$1" 'apt-get install -qq -y --no-install-recommends /tmp/gatehouse.deb >/dev/null; gatehouse config check'
say purged, nothing is left but the users
inside "$1" 'apt-get purge -qq -y gatehouse >/dev/null; rm /tmp/gatehouse.deb; find / -xdev -name "*gatehouse*" ! -path "/proc/*" | tee /tmp/left; ! grep . /tmp/left'
`;

const stepCount = steps.match(/^say /gm)?.length;

export async function debChroots(say: (line: string) => void): Promise<Finding> {
  await using lab = openLab();
  const built = await run(['npm', 'run', '--silent', 'deb', '--', lab.directory], { timeoutMs: 120_000 });
  const script = join(lab.directory, 'steps');
  writeFileSync(script, steps, { mode: 0o755 });
  const { archive } = thisMirror(process.env['GATEHOUSE_MIRROR']);
  const done: string[] = [];
  for (const suite of suites) {
    const root = ['mmdebstrap', '--variant=apt', '--include=systemd', '--format=null', '--quiet'];
    const source = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${archive} ${suite} main`;
    const begun = join(lab.directory, `${suite}-steps`);
    const words = [`PACKAGE=${built.trim()}`, `STEPS=${begun}`];
    await run(['env', ...words, ...root, `--customize-hook=${script} "$1"`, suite, '-', source], {
      timeoutMs: suiteMs,
    });
    const passed = readFileSync(begun, 'utf8').trim().split('\n');
    for (const step of passed) say(`${suite}: ${step}`);
    if (passed.length !== stepCount) throw new Error(`${suite}: ${passed.length} of ${stepCount} steps`);
    done.push(`${suite} (${passed.length} steps)`);
  }
  return {
    name: 'deb-chroots',
    passed: true,
    detail: `The package in fresh roots: ${done.join(', ')}. Installed by apt with what it depends on, starts nothing, its command runs and judges settings, systemd understands every unit; installed anew and removed it leaves settings and state, purged it leaves the users alone.`,
  };
}
