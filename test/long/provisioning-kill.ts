/** `kill -9` of the provisioning part at random moments while phones walk from factory state to their one-time accounts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProvisioningBox } from '../support/provisioning-box.ts';
import { killWhilePhonesWalk } from '../support/provisioning-kills.ts';
import type { Finding } from './results.ts';

const rules = { kills: 200, phonesAtOnce: 8, mostAnswers: 100 };

export async function provisioningKill(say: (line: string) => void): Promise<Finding> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-kill-'));
  try {
    await using box = await openProvisioningBox(directory);
    const { askedAgain, broken, keptUnseen, lostUnseen, seen } = await killWhilePhonesWalk(box, rules, say);
    const promises =
      `${seen} accounts were seen by phones; ${askedAgain} were asked for again after a kill, and came whole and the same. ` +
      `${keptUnseen} that the cloud had minted and no phone had seen were given after the start; ${lostUnseen} were lost between the cloud ` +
      `and the disk, seen by no phone.`;
    return {
      name: 'provisioning-kill',
      passed: broken.length === 0 && askedAgain > rules.kills,
      detail:
        `${rules.kills} times \`kill -9\` at random moments, ${rules.phonesAtOnce} phones walking at once. ${promises}` +
        (broken.length === 0 ? '' : ` ${broken.length} broken promises: ${broken.slice(0, 5).join('; ')}`),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
