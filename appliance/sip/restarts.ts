/** Carries out orders to restart a phone: a NOTIFY in the form of its maker, over the connection of its registration. */
import { restartForm, type RestartForm } from '../phones/restart.ts';
import type { BindingRow } from '../store/bindings.ts';
import { openErrands, type Errand } from '../store/errands.ts';
import { openLateReader } from '../store/late-reader.ts';
import { readRestarts, saveRestart, type RestartOutcome } from '../store/restarts.ts';
import { repeat } from '../world.ts';
import { phoneRoute, type Application } from './application.ts';
import type { Received } from './srf.ts';

const everyMs = 1000;

/** Orders that were begun before a restart of this part are not begun again. */
export function followRestarts(app: Application, onError: (error: unknown) => void): AsyncDisposable {
  const { world, config, store } = app;
  const { clock } = world;
  const web = openLateReader({
    directory: config.site.state_directory,
    part: 'web',
    clock,
    probe: (db) => openErrands(db, 0),
  });
  const begun = new Map(readRestarts(store.db).map(({ mac, givenAt }) => [mac, givenAt]));
  const stop = new AbortController();
  const look = () => {
    const db = web.database();
    for (const errand of db === undefined ? [] : openErrands(db, clock.now())) {
      if (errand.kind !== 'restart' || errand.givenAt <= (begun.get(errand.mac) ?? 0)) continue;
      begun.set(errand.mac, errand.givenAt);
      void restart(app, errand, stop.signal).catch(onError);
    }
  };
  const looking = repeat(clock, everyMs, { work: look, onError });
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await looking[Symbol.asyncDispose]();
      web[Symbol.dispose]();
    },
  };
}

interface Outcome {
  readonly outcome: RestartOutcome;
  readonly status?: number;
}

async function restart(app: Application, errand: Errand, signal: AbortSignal): Promise<void> {
  const own = app.bindings.all().filter(({ mac }) => mac === errand.mac);
  const binding = own.find(({ state }) => state === 'registered') ?? own[0];
  const form = restartForm({ mac: errand.mac, userAgent: binding?.user_agent ?? undefined });
  const isBusy = own.some(({ token }) => app.calls.ofPhone(token).length > 0);
  if (binding === undefined) await note(app, errand, { outcome: 'not registered' });
  else if (form === undefined) await note(app, errand, { outcome: 'not offered' });
  // A phone may restart at once, whoever talks: it could be somebody who called for help.
  else if (isBusy) await note(app, errand, { outcome: 'in a call' });
  else {
    await note(app, errand, { outcome: 'asked' });
    const outcome = await ask(app, binding, form);
    if (!signal.aborted) await note(app, errand, outcome);
  }
}

async function ask(app: Application, binding: BindingRow, form: RestartForm): Promise<Outcome> {
  const address = `<sip:${binding.aor}>`;
  const headers = [
    { name: 'From', value: address },
    { name: 'To', value: address },
    { name: 'Event', value: form.event },
    { name: 'Subscription-State', value: 'terminated' },
  ];
  try {
    const sent = await app.server.send({
      method: 'NOTIFY',
      uri: binding.contact_uri,
      route: phoneRoute(binding),
      headers,
    });
    return outcomeOf(await sent.final);
  } catch (error) {
    app.world.log.warn({ err: error, mac: binding.mac }, 'a phone could not be asked to restart');
    return { outcome: 'not reached' };
  }
}

function outcomeOf({ status, localCause }: Received): Outcome {
  if (localCause !== undefined) return { outcome: localCause === 'timeout' ? 'no answer' : 'not reached' };
  return { outcome: status < 300 ? 'accepted' : 'refused', status };
}

async function note(app: Application, { mac, givenAt }: Errand, { outcome, status }: Outcome): Promise<void> {
  const at = app.world.clock.now();
  app.world.log.info({ mac, outcome, status }, 'restart of a phone');
  await app.store.write((tx) => {
    saveRestart(tx.db, { mac, givenAt, at, outcome, ...(status === undefined ? {} : { status }) });
    tx.journal({ kind: 'phone_restart', mac, body: { outcome, status } });
  });
}
