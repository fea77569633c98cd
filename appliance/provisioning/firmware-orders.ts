/** What the admin orders on the page about the firmware folder: the page may not write it, this part does, once each. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Release } from '../phones/firmware-release.ts';
import { vendors } from '../phones/vendors.ts';
import { orderRefusal, readBoxOrders, type BoxOrder, type OrderArguments } from '../store/box-orders.ts';
import { firmwareFolder, pauseFirmware, uploadedFirmware } from '../store/firmware-folder.ts';
import { FirmwareError, putFirmware, removeFirmware } from '../store/firmware-put.ts';
import { openLateReader } from '../store/late-reader.ts';
import { beginOutcome, endInterrupted, endOutcome, outcomeOf } from '../store/outcomes.ts';
import { wasSignedIn } from '../store/sessions.ts';
import { repeat } from '../world.ts';
import type { Context } from './context.ts';

type Needs = Pick<Context, 'world' | 'site' | 'provisioning' | 'store' | 'firmware'>;

/** Returns what to tell; throws a FirmwareError where nothing was changed. */
type Handler = (words: OrderArguments, needs: Needs, signal: AbortSignal) => Promise<string>;

const handlers: Readonly<Record<string, Handler>> = {
  'firmware.add': add,
  'firmware.remove': remove,
  'firmware.pause': async (_words, needs) => {
    pauseFirmware(firmwareFolder(needs), true);
    return 'No phone is offered firmware now.';
  },
  'firmware.resume': async (_words, needs) => {
    pauseFirmware(firmwareFolder(needs), false);
    return 'Phones are offered firmware again.';
  },
};

const everyMs = 1000;

/** Of before a restart of this part: those that were begun are not begun again. */
export async function followFirmwareOrders(needs: Needs): Promise<AsyncDisposable> {
  const { world, site, store } = needs;
  const { clock, log } = world;
  const stop = new AbortController();
  const onError = (error: unknown) => log.error({ error: String(error) }, 'an order was not carried out');
  await endInterrupted(store, { now: clock.now(), isAlone: true }).catch(onError);
  const web = openLateReader({
    directory: site.state_directory,
    part: 'web',
    clock,
    probe: (db) => readBoxOrders(db, 'part_order'),
  });
  let looked = -1;
  const look = async () => {
    const db = web.database();
    const version = db?.pragma('data_version', { simple: true }) as number;
    if (db === undefined || version === looked) return;
    const orders = readBoxOrders(db, 'part_order');
    looked = version;
    for (const order of orders) {
      if (stop.signal.aborted) return;
      const isGood = wasSignedIn(db, order.session, order.givenAt);
      // A full disk keeps no outcome: such an order is not tried again before the next one.
      await carryOut(needs, order, { isGood, signal: stop.signal }).catch(onError);
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

async function carryOut(
  needs: Needs,
  order: BoxOrder,
  { isGood, signal }: { isGood: boolean; signal: AbortSignal },
): Promise<void> {
  const { id: orderId, kind } = order;
  const { clock } = needs.world;
  const { store } = needs;
  const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : undefined;
  if (handler === undefined || outcomeOf(store.db, orderId) !== undefined) return;
  const end = async (state: 'done' | 'refused' | 'failed', words: string) =>
    await store.write((tx) => endOutcome(tx, { orderId, kind, state, words, now: clock.now() }));
  const now = clock.now();
  const refusal = orderRefusal(order, { isGood, now });
  if (refusal !== undefined) return await end('refused', refusal);
  if (!(await store.write((tx) => beginOutcome(tx, { orderId, kind, by: 'page', now })))) return;
  try {
    await end('done', await handler(order.arguments, needs, signal));
  } catch (error) {
    // What was begun is found so at the next start.
    if (signal.aborted) return;
    if (error instanceof FirmwareError) return await end('refused', error.message);
    needs.world.log.error({ order: kind, error: String(error) }, 'order failed');
    await end('failed', error instanceof Error ? error.message : String(error));
  }
}

async function add(words: OrderArguments, needs: Needs, signal: AbortSignal): Promise<string> {
  const release = releaseOf(words);
  const name = textOf(words, 'name', /^[^/\0]+$/);
  const sha256 = words['sha256'] === undefined ? {} : { sha256: textOf(words, 'sha256', /^[0-9a-f]{64}$/i) };
  const upload = textOf(words, 'upload', /^[0-9a-f-]{36}$/);
  const file = uploadedFirmware(needs.site.state_directory, upload);
  // The page's folder is the page's: no link of it is followed.
  await using source = await open(
    file,
    constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  ).catch((error: unknown) => {
    throw new FirmwareError(`${name}: what was uploaded is gone: upload it again`, { cause: error });
  });
  const put = await putFirmware(firmwareFolder(needs), { ...release, name, ...sha256 }, { source, signal });
  await needs.firmware.look();
  const checked = words['sha256'] === undefined ? 'compare it with what its maker publishes' : 'as expected';
  return `${name} is in, for ${release.model}, ${release.version}. Its SHA-256 is ${put.sha256}: ${checked}.`;
}

async function remove(words: OrderArguments, needs: Needs): Promise<string> {
  const release = releaseOf(words);
  const what = `${release.version} for ${release.model}`;
  if (!(await removeFirmware(firmwareFolder(needs), release)))
    throw new FirmwareError(`there is no ${what} in the folder`);
  await needs.firmware.look();
  return `${what} is out of the folder.`;
}

/** Whoever could write the page's file could write anything there. */
function releaseOf(words: OrderArguments): Release {
  const vendor = vendors.find((one) => one === words['vendor']);
  if (vendor === undefined) throw new FirmwareError('the order names no vendor');
  return {
    vendor,
    model: textOf(words, 'model', /^[^/\0]+$/),
    version: textOf(words, 'version', /^[^/\0]+$/),
  };
}

function textOf(words: OrderArguments, key: string, form: RegExp): string {
  const value = words[key];
  if (typeof value !== 'string' || !form.test(value)) throw new FirmwareError(`the order has no good ${key}`);
  return value;
}
