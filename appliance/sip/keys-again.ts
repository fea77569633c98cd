/** Calls that the relay has again after its process ended, but for their keys, which are in no file: it is told them anew. */
import type { SessionCount } from '../protocol/media-control.ts';
import { hangUpAdopted } from './adopted-call.ts';
import type { Application } from './application.ts';
import { hangUp } from './call-end.ts';
import type { LiveCall } from './call-table.ts';
import { takeUp } from './taken-up-call.ts';

const reason = 'media relay restarted';

/** A call whose keys nobody has any more would be silent: it ends, and both sides hear why. */
export async function giveKeys(app: Application, keyless: readonly SessionCount[]): Promise<void> {
  const ids = new Set(keyless.map(({ session }) => session.split('.')[0] ?? ''));
  // Together: one that ends waits for answers to its BYEs, and the others would be silent for as long.
  await Promise.all(
    Array.from(ids, async (id) => {
      const call = app.calls.bySession(id) ?? takeUp(app, id);
      if (call !== undefined) return await describe(app, call);
      app.counters.calls_lost += 1;
      await hangUpAdopted(app, [id], reason);
    }),
  );
}

async function describe(app: Application, call: LiveCall): Promise<void> {
  try {
    await call.media.describeAgain();
  } catch (error) {
    app.world.log.warn({ err: error, call: call.id }, 'the media relay could not be told the keys of a call');
    // It has ended again: the next one is told, and has the call still.
    if (!app.media.isConnected) return;
    app.counters.calls_lost += 1;
    await endForRelay(app, call);
  }
}

export async function endForRelay(app: Application, call: LiveCall): Promise<void> {
  const headers = [{ name: 'Reason', value: `SIP;cause=503;text="${reason}"` }];
  await hangUp(app, call, { reason, legs: ['phone', 'cloud'], headers });
}
