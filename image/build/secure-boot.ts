/** What a firmware without Secure Boot keys of its own is offered, on the boot partition: ours. */
import { runInside } from './tools-tree.ts';
import type { Build } from './root.ts';

/** Owner of the entries in the firmware's lists. */
const owner = '6f6b3b2e-8c64-4a53-9f0e-0d1f5a7b2c11';

/**
 * Makes in the folder `work/enrol` `PK.auth`, `KEK.auth` and `db.auth`, each signed by the one above it (systemd-boot offers them, and on a
 * virtual machine takes them by itself), and `gatehouse.cer`, to be added by hand to a firmware that keeps the keys it has.
 */
export function makeEnrolment({ tools, work }: Build, keysFolder: string): void {
  const script = `
    mkdir /run/work/enrol; cd /run/work/enrol
    make() {
      cert-to-efi-sig-list -g ${owner} /run/keys/$1.crt /tmp/$1.list
      sign-efi-sig-list -g ${owner} -t '2026-01-01 00:00:00' -k /run/keys/$2.key -c /run/keys/$2.crt $1 /tmp/$1.list $1.auth
    }
    make PK PK; make KEK PK; make db KEK
    openssl x509 -in /run/keys/db.crt -outform DER -out gatehouse.cer`;
  runInside(tools, { [work]: 'work', [keysFolder]: 'keys' }, ['sh', '-ec', script]);
}
