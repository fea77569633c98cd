/** What the building machine needs to have and to know. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { run } from './command.ts';

/** Program to Debian package; all else is in the tools tree. */
const programs = { mmdebstrap: 'mmdebstrap', unshare: 'util-linux', gpgv: 'gpgv' };

export const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** There since debian-archive-keyring 2023.3+deb12u2 (Debian 12) and 2025.1. */
const trixieKey = '/usr/share/keyrings/debian-archive-trixie-stable.gpg';

/** Installs what is missing. Throws, with the one line that mends it, where that can't be done. */
export function prepareHost(): void {
  if (process.getuid?.() !== 0) throw new Error('the image is built as root: sudo npm run image');
  const missing = Object.entries(programs).flatMap(([program, name]) =>
    existsSync(`/usr/bin/${program}`) ? [] : [name],
  );
  if (!existsSync(trixieKey)) missing.push('debian-archive-keyring');
  if (missing.length > 0) install(missing);
  if (!existsSync(trixieKey))
    throw new Error(
      `${trixieKey} is missing, so Debian 13's packages can't be believed: install debian-archive-keyring 2023.3+deb12u2 or newer`,
    );
}

const policy = '/usr/sbin/policy-rc.d';

/** No service starts (policy-rc.d says no: 101 is "forbidden by policy"). */
function install(packages: readonly string[]): void {
  const line = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (!existsSync('/usr/bin/apt-get')) throw new Error(`programs are missing; on Debian 12 or 13: ${line}`);
  const before = existsSync(policy) ? readFileSync(policy) : undefined;
  writeFileSync(policy, '#!/bin/sh\nexit 101\n');
  chmodSync(policy, 0o755);
  try {
    const environment = { DEBIAN_FRONTEND: 'noninteractive' };
    run('apt-get', ['update', '-qq'], { environment });
    run('apt-get', ['install', '-qq', '-y', '--no-install-recommends', ...packages], { environment });
  } catch (cause) {
    throw new Error(`programs are missing and can't be installed; as root: ${line}`, { cause });
  } finally {
    if (before === undefined) rmSync(policy);
    else writeFileSync(policy, before);
  }
}
