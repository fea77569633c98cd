/** Gives a phone back to the cloud that was moved up to `full` and is not registered then, from the facts of sip. */
import { readBindings } from '../store/bindings.ts';
import { openLateReader } from '../store/late-reader.ts';
import { readMovedBack } from '../store/moved-back.ts';
import { readPhoneConfigurations } from '../store/phone-configurations.ts';
import { isRegistrarAway } from '../store/registrar-outage.ts';
import { readReport } from '../store/telemetry.ts';
import type { Context } from './context.ts';
import { noteMovedBack } from './move-back.ts';
import { phonesToMoveBack } from './unregistered.ts';

const everyMs = 60_000;
/** The sip part reports every second. */
const reportTooOldMs = 30_000;

type Needs = Pick<Context, 'site' | 'store' | 'world'>;

/** Looks until the signal is aborted. Never rejects. */
export async function watchRegistrations(needs: Needs, signal: AbortSignal): Promise<void> {
  const { site, world } = needs;
  const { clock, log } = world;
  using sip = openLateReader({
    directory: site.state_directory,
    part: 'sip',
    clock,
    probe: readBindings,
  });
  const since = new Map<string, number>();
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    const db = sip.database();
    const report = readReport(site.state_directory, 'sip');
    const isThere = report !== undefined && clock.now() - report.at < reportTooOldMs;
    if (db === undefined || !isThere || isRegistrarAway(db)) {
      since.clear();
      continue;
    }
    const configurations = readPhoneConfigurations(needs.store.db);
    const seen = { configurations, bindings: readBindings(db), now: clock.now() };
    const due = phonesToMoveBack(seen, since).filter(({ mac }) => !readMovedBack(needs.store.db, mac));
    if (due.length === 0) continue;
    await needs.store
      .write((tx) => {
        for (const phone of due)
          noteMovedBack(needs, tx, { phone, before: 'full', reason: 'registration lost' });
      })
      .catch((error: unknown) => {
        log.error({ error: String(error) }, 'phones not moved back');
      });
  }
}
