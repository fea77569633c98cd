/** A release on trial proves itself, or is given up: what came of it is written down before systemd acts on it. */
import { saveUpdateFacts } from '../store/update-facts.ts';
import { isLastResort, type BootCount } from './boot.ts';
import { factsOf, type UpdateNeeds } from './needs.ts';
import { releaseTrouble } from './proof.ts';
import { keepRelease } from './work.ts';

/** Emulated boots take a minute until the last part runs. */
const patienceMs = 90_000;

/** True: it may stay. False: the machine should restart, and the boot loader take the other release after the last try. */
export async function proveAndTell(needs: UpdateNeeds, count: BootCount): Promise<boolean> {
  const { config, clock, log } = needs;
  const trouble = await releaseTrouble({ config, clock, patienceMs });
  if (trouble === undefined) {
    await keepRelease(needs);
    log.info({ release: needs.image.version }, 'the release has proved itself');
    return true;
  }
  log.error({ release: needs.image.version, ...count, trouble }, 'the release does not do its work here');
  await noteTrouble(needs, trouble);
  if (!isLastResort(count)) return false;
  log.error('there is no other release to go back to: it stays');
  return true;
}

/** The restart comes whether or not it can be written down. */
async function noteTrouble(needs: UpdateNeeds, trouble: string): Promise<void> {
  const { pending } = factsOf(needs);
  if (pending === undefined) return;
  await needs.store
    .write((tx) => saveUpdateFacts(tx, { pending: { ...pending, trouble } }))
    .catch((error: unknown) => needs.log.warn({ error: String(error) }, 'the reason is not written down'));
}
