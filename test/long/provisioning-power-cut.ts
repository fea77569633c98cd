/** Power cuts while phones are given one-time accounts, on a disk that forgets what was not synced. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProvisioningBox, type Ground } from '../support/provisioning-box.ts';
import { killWhilePhonesWalk, type KillTally } from '../support/provisioning-kills.ts';
import { newDisk, plugIn, type ForgetfulDisk } from './forgetful-disk.ts';
import type { Finding } from './results.ts';

const rules = { kills: 24, phonesAtOnce: 8, mostAnswers: 100 };

export async function provisioningPowerCut(say: (line: string) => void): Promise<Finding> {
  const { tally, dropped, torn } = await cutWhilePhonesWalk(rules, say);
  const lost = await counterProof(say);
  const { askedAgain, broken, keptUnseen, lostUnseen, seen } = tally;
  const held =
    `${seen} accounts were seen by phones; ${askedAgain} were asked for again after a cut, and came whole and the same. ` +
    `${keptUnseen} that no phone had seen were given after the start; ${lostUnseen} were lost between the cloud and the disk, seen by no phone.`;
  return {
    name: 'provisioning-power-cut',
    passed: broken.length === 0 && dropped > 0 && lost !== undefined,
    detail:
      `${rules.kills} power cuts while ${rules.phonesAtOnce} phones walk at once, on the disk of \`dhcp-power-cut\`: ${dropped} unsynced writes ` +
      `were dropped and ${torn} torn. ${held} Counter-proof: on a disk that says it has synced and hasn't, this was found: ${lost ?? 'nothing'}.` +
      (broken.length === 0 ? '' : ` ${broken.length} broken promises: ${broken.slice(0, 5).join('; ')}`),
  };
}

/** The same must find losses where there are some. What it found; where the authority is gone, no phone can even ask. */
async function counterProof(say: (line: string) => void): Promise<string | undefined> {
  try {
    const { tally } = await cutWhilePhonesWalk({ ...rules, kills: 1 }, say, { lies: true });
    return tally.broken.length === 0 ? undefined : `${tally.broken.length} broken promises`;
  } catch (error) {
    return error instanceof Error ? error.message.split(';')[0] : String(error);
  }
}

async function cutWhilePhonesWalk(
  given: typeof rules,
  say: (line: string) => void,
  { lies = false } = {},
): Promise<{ tally: KillTally; dropped: number; torn: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cut-'));
  try {
    const ground = await forgetfulGround(directory, { lies });
    await using box = await openProvisioningBox(directory, ground);
    return { tally: await killWhilePhonesWalk(box, given, say), ...ground.forgotten };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A lying disk lies until its first cut: afterwards what it forgot is looked for. */
async function forgetfulGround(
  directory: string,
  { lies }: { lies: boolean },
): Promise<Ground & { readonly forgotten: { dropped: number; torn: number } }> {
  const image = await newDisk(directory);
  const mount = join(directory, 'mount');
  mkdirSync(mount);
  const forgotten = { dropped: 0, torn: 0 };
  let disk: ForgetfulDisk | undefined;
  let isFirst = true;
  return {
    forgotten,
    stateDirectory: join(mount, 'state'),
    plugIn: async () => {
      disk = await plugIn(image, { lies: lies && isFirst });
      isFirst = false;
      const script = `mount -o loop ${disk.file} ${mount} && exec "$@"`;
      return [...disk.inside, 'sh', '-c', script, 'sh'];
    },
    cut: async () => {
      if (disk === undefined) return;
      const { dropped, torn } = await disk.cutPower();
      await disk[Symbol.asyncDispose]();
      disk = undefined;
      forgotten.dropped += dropped;
      forgotten.torn += torn;
    },
  };
}
