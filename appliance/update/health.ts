/** A release on trial proves itself, or is given up: what came of it is written down before systemd acts on it. */
import { saveUpdateFacts, type UpdateFacts } from '../store/update-facts.ts';
import { isWayOut, type BootCount } from './boot.ts';
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
  const { pending } = factsOf(needs);
  if (pending !== undefined) await noteTrouble(needs, { ...pending, trouble });
  if (isWayOut(count, pending !== undefined)) return false;
  log.error('there is no other release to go back to: it stays');
  return true;
}

/** The restart comes whether or not it can be written down. */
async function noteTrouble({ store, log }: UpdateNeeds, pending: UpdateFacts['pending']): Promise<void> {
  await store
    .write((tx) => saveUpdateFacts(tx, { pending }))
    .catch((error: unknown) => log.warn({ error: String(error) }, 'the reason is not written down'));
}
