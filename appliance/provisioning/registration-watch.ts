/** Gives a phone back to the cloud that was moved up to `full` and is not registered then, from the facts of sip. */
import { readBindings } from '../store/bindings.ts';
import { openLateReader, type LateReader } from '../store/late-reader.ts';
import { readMovedBack } from '../store/moved-back.ts';
import { readPhoneConfigurations } from '../store/phone-configurations.ts';
import { isRegistrarAway } from '../store/registrar-outage.ts';
import { isFresh, readReport } from '../store/telemetry.ts';
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
  using sip = openLateReader({ directory: site.state_directory, part: 'sip', clock, probe: readBindings });
  const since = new Map<string, number>();
  while (!signal.aborted) {
    await clock.sleep(everyMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    await look(needs, sip, since).catch((error: unknown) => {
      log.error({ error: String(error) }, 'registrations not looked at');
    });
  }
}

/** While sip or its registrar is away nobody's time goes by. */
async function look(needs: Needs, sip: LateReader, since: Map<string, number>): Promise<void> {
  const { site, store, world } = needs;
  const now = world.clock.now();
  const db = sip.database();
  const report = readReport(site.state_directory, 'sip');
  if (
    db === undefined ||
    report === undefined ||
    !isFresh(report, now, reportTooOldMs) ||
    isRegistrarAway(db)
  ) {
    since.clear();
    return;
  }
  const seen = {
    configurations: readPhoneConfigurations(store.db),
    bindings: readBindings(db),
    now,
    monotonic: world.clock.monotonic(),
  };
  const due = phonesToMoveBack(seen, since).filter(({ mac }) => !readMovedBack(store.db, mac));
  if (due.length === 0) return;
  await store.write((tx) => {
    for (const phone of due) noteMovedBack(needs, tx, { phone, before: 'full', reason: 'registration lost' });
  });
}
