/** `npm run test:long [-- name…]`: checks that take minutes, one after the other; what they found goes to RESULTS.md. */
import { namespacesRefused } from '../support/namespaces.ts';
import { installPackages, testPrograms } from '../support/packages.ts';
import { machineNow, writeResult, type Finding } from './results.ts';

type LongCheck = (say: (line: string) => void) => Promise<Finding>;

/** One file a check. Each is bounded in time and cleans up behind itself. */
const checks: Readonly<Record<string, () => Promise<LongCheck>>> = {
  'deb-chroots': async () => (await import('./deb-chroots.ts')).debChroots,
  'dhcp-fuzz': async () => (await import('./dhcp-fuzz.ts')).dhcpFuzz,
  'dhcp-kill': async () => (await import('./dhcp-kill.ts')).dhcpKill,
  'dhcp-power-cut': async () => (await import('./dhcp-power-cut.ts')).dhcpPowerCut,
  'image-faults': async () => (await import('./image-faults.ts')).imageFaults,
  'image-kill': async () => (await import('./image-kill.ts')).imageKill,
  'image-power-cut': async () => (await import('./image-power-cut.ts')).imagePowerCut,
  'media-bridge': async () => (await import('./media-bridge.ts')).mediaBridge,
  'media-churn': async () => (await import('./media-churn.ts')).mediaChurn,
  'image-soak': async () => (await import('./image-soak.ts')).imageSoak,
  'migration-power-cut': async () => (await import('./migration-power-cut.ts')).migrationPowerCut,
  'previous-release': async () => (await import('./previous-release.ts')).previousRelease,
  'provisioning-kill': async () => (await import('./provisioning-kill.ts')).provisioningKill,
  'provisioning-power-cut': async () => (await import('./provisioning-power-cut.ts')).provisioningPowerCut,
  'sip-calls': async () => (await import('./sip-calls.ts')).sipCalls,
  'sip-phones': async () => (await import('./sip-phones.ts')).sipPhones,
  'sip-phones-tls': async () => (await import('./sip-phones.ts')).sipPhonesTls,
  'sip-refresh': async () => (await import('./sip-refresh.ts')).sipRefresh,
};

const names = process.argv.slice(2);
const wanted = names.length > 0 ? names : Object.keys(checks);
const unknown = wanted.find((name) => checks[name] === undefined);
if (unknown !== undefined) {
  console.error(`test:long: no check "${unknown}"; there are ${Object.keys(checks).join(', ')}`);
  process.exit(2);
}
const refused = namespacesRefused();
if (refused !== undefined) {
  console.error(`test:long: ${refused}`);
  process.exit(1);
}
await installPackages(console.log, testPrograms);

let failures = 0;
for (const name of wanted) {
  const before = await machineNow();
  const begin = Date.now();
  const finding = await find(name);
  const seconds = Math.round((Date.now() - begin) / 1000);
  console.log(`${name}: ${finding.passed ? 'passed' : 'FAILED'} after ${seconds} s: ${finding.detail}`);
  writeResult({ ...finding, name, seconds, before, after: await machineNow() });
  if (!finding.passed) failures += 1;
}
process.exit(failures === 0 ? 0 : 1);

/** A check that throws has failed, and the others still run. */
async function find(name: string): Promise<Finding> {
  try {
    const check = await checks[name]?.();
    if (check === undefined) throw new Error(`no check ${name}`);
    return await check((line) => console.log(`${name}: ${line}`));
  } catch (error) {
    console.error(error);
    return { name, passed: false, detail: `ended by an error: ${String(error)}` };
  }
}
