/** An hour of the emulated image at work: no part's memory grows, none is started again. `GATEHOUSE_MINUTES` says for how long instead. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isServing, readMemory } from '../image/figures.ts';
import { powerOn, type EmulatedMachine } from '../image/machine.ts';
import { openImageSite, pageUrl, parts, phonesAddress, type ImageSite } from '../image/site.ts';
import { startedAgain } from '../image/update/served.ts';
import { relayAddress } from '../support/dhcp-wire.ts';
import { openLab } from '../support/namespaces.ts';
import { startLeaseHolders } from './lease-holders.ts';
import { quarter } from './quarter.ts';
import type { Finding } from './results.ts';

const phones = 200;
const roundMs = 30_000;
/** Of a part's memory between the second quarter and the last one; a megabyte or some is what a collector leaves or takes. */
const mostGrowth = 0.1;
const playMegabytes = 4;

export async function imageSoak(say: (line: string) => void): Promise<Finding> {
  const minutes = Number(process.env['GATEHOUSE_MINUTES'] ?? 60);
  await using lab = openLab();
  const site = await openImageSite(lab);
  const relay = await site.around.device('relay', 0, { address: `${relayAddress}/16` });
  await using machine = powerOn({ ...site.options, memoryMegabytes: 1536 });
  await isServing(machine, parts);
  await using holders = startLeaseHolders({ relay }, phones, { outstanding: 2, lostAfterMs: 2000 });
  const samples: Record<string, number>[] = [];
  let asked = 0;
  for (const end = Date.now() + minutes * 60_000; Date.now() < end;) {
    asked += await askEverybody(site);
    samples.push(await readMemory(machine, parts));
    say(`${samples.length} rounds, ${Math.round(samples.at(-1)?.['all parts, PSS, MB'] ?? 0)} MB`);
    await sleep(roundMs);
  }
  return await judge(machine, { minutes, asked, samples, report: await holders.check() });
}

/** As a phone and the page's reader; how many were answered. */
async function askEverybody({ phone, beyond }: ImageSite): Promise<number> {
  const curl = ['curl', '-sk', '--max-time', '60', '-o', '/dev/null', '-w', '%{http_code} '];
  const agent = 'Yealink SIP-T46S 66.86.0.15 80:5e:c0:00:00:01';
  const options = join(import.meta.dirname, '../support/ask-options-process.ts');
  const guard = { timeoutMs: 70_000, anyExitCode: true };
  const said = await Promise.all([
    phone.exec([...curl, '-A', agent, `http://${phonesAddress}/805ec0000001.cfg`], guard),
    phone.exec([process.execPath, options, phonesAddress], guard),
    beyond.exec([...curl, `${pageUrl}/`, `${pageUrl}/healthz`, `${pageUrl}/api/access`], guard),
  ]);
  return said.join(' ').match(/\b200\b/g)?.length ?? 0;
}

interface Soaked {
  readonly minutes: number;
  readonly asked: number;
  readonly samples: readonly Readonly<Record<string, number>>[];
  readonly report: { readonly broken: readonly string[]; readonly held: number };
}

async function judge(
  machine: EmulatedMachine,
  { minutes, asked, samples, report: { broken, held } }: Soaked,
): Promise<Finding> {
  const again = await startedAgain(machine);
  const rows = parts.map((part) => {
    const megabytes = samples.map((sample) => sample[`${part}, PSS, MB`] ?? Number.NaN);
    const [early, late] = [quarter(megabytes, 1), quarter(megabytes, 3)];
    return { part, early, late, isFlat: late <= early * (1 + mostGrowth) + playMegabytes };
  });
  const grown = rows.filter(({ isFlat }) => !isFlat).map(({ part }) => `${part} grows`);
  const wrong = [...again.map((unit) => `${unit} times started again`), ...grown, ...broken.slice(0, 5)];
  return {
    name: 'image-soak',
    passed: wrong.length === 0 && asked > 0 && held > 0,
    detail:
      `${wrong.join('; ') || 'Nothing grew and nothing was started again'}: the image under emulation for ${minutes} minutes, ${phones} phones ` +
      `behind a relay that booted, renewed and released all the time, and ${asked} answers of page, provisioning and SIP. ${held} leases were held ` +
      `at the end.\n\n| part | MB in the second quarter | in the last one |\n|---|--:|--:|\n` +
      rows
        .map(({ part, early, late }) => `| ${part} | ${early.toFixed(1)} | ${late.toFixed(1)} |`)
        .join('\n'),
  };
}
