/** A thousand phones of five vendors from power-on to an account, all at the same time. */
import { join } from 'node:path';
import { startProvisioningCloud } from '../cloud/provisioning.ts';
import { address, leasedPhones, startBox, type Stage } from './provisioning-box.ts';
import { runClient } from './provisioning-load.ts';
import { benchRow, round, type BenchRow } from './row.ts';

const makes = [
  { vendor: 'yealink', path: '/' },
  { vendor: 'poly', path: '/' },
  { vendor: 'cisco', path: '/$PSN.xml' },
  { vendor: 'snom', path: '/' },
  { vendor: 'audiocodes', path: '/' },
] as const;

/** Against a cloud that refuses any repeated one-time request. */
export async function measureBoot(stage: Stage, say: (line: string) => void): Promise<BenchRow[]> {
  const directory = join(stage.directory, 'boot');
  const tls = await stage.authority.certificateFor(['usea.dm.sdg.teams.microsoft.com']);
  await using cloud = await startProvisioningCloud({ address, httpPort: 0, httpsPort: 0, tls });
  const sets = await Promise.all(
    makes.map(async ({ vendor }) => leasedPhones({ directory }, { vendor, count: 200 })),
  );
  const box = await startBox({ ...stage, directory }, { cloud, toml: 'allow_cleartext = ["audiocodes"]' });
  const phones = sets.flatMap((set, at) =>
    set.map((phone) => ({ ...phone, url: `http://${address}:${box.httpPort}${makes[at]?.path}` })),
  );
  const before = box.seconds();
  const result = await runClient(stage, {
    kind: 'boot',
    phones,
    ca: '',
    userAgent: '',
    requests: 0,
    isFresh: true,
    atOnce: phones.length,
  });
  const processor = round(box.seconds() - before);
  box.stop();
  const violations = new Set(cloud.violations.map((text) => text.replaceAll(/[0-9a-f]{12}/g, '…')));
  if (violations.size > 0) say(`the cloud complained: ${[...violations].join('; ')}`);
  say(
    `${phones.length} phones: ${cloud.accounts.length} accounts, ${result.failures} tries in vain; the box had ${processor} s of a processor, the phones ${result.processorSeconds}`,
  );
  return [
    benchRow({
      name: 'Provisioning: 1,000 phones of five vendors configured',
      ours: round(result.seconds),
      peer: null,
      peerName: 'none: a cache can not give out one-time accounts',
      unit: 's',
      better: 'lower',
    }),
  ];
}
