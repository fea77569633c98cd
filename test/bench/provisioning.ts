/** Configurations beside nginx, beside firmware downloads, and for a thousand phones at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { measureBoot } from './provisioning-boot.ts';
import { measureFirmware } from './provisioning-firmware.ts';
import { measureBesideNginx } from './provisioning-load.ts';
import type { BenchRow } from './row.ts';

export async function measureProvisioning(say: (line: string) => void): Promise<BenchRow[]> {
  const authority = await newCloudAuthority();
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, authority.ca);
  try {
    const stage = { directory, authority, caFile };
    return [
      ...(await measureBesideNginx(stage, say)),
      ...(await measureFirmware(stage, say)),
      ...(await measureBoot(stage, say)),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
