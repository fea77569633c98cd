/**
 * `gatehouse update [status|check|stage [folder]|apply]`: new releases of the image. `fetch`, `work`, `stick` and `health` are what units
 * call.
 */
import { statSync } from 'node:fs';
import { readConfig, type Config } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { runProgram } from '../net/program.ts';
import { upstreamAuthorities } from '../net/upstream-trust.ts';
import { openReader } from '../store/reader.ts';
import { openStore } from '../store/store.ts';
import { readUpdateFacts, saveUpdateFacts } from '../store/update-facts.ts';
import { bootCount, isWayOut } from '../update/boot.ts';
import { requireSuitable } from '../update/decision.ts';
import { fetchAnnounced, fetchRelease } from '../update/fetch.ts';
import { proveAndTell } from '../update/health.ts';
import { imageRoots, thisImage, type Image } from '../update/image.ts';
import { thisMachine } from '../update/machine.ts';
import type { Manifest } from '../update/manifest.ts';
import { incomingFolder, mayBeOlder, runningBox, trustNow, type UpdateNeeds } from '../update/needs.ts';
import { RefusedUpdateError } from '../update/refusal.ts';
import { withStick } from '../update/stick.ts';
import { takeRelease } from '../update/take.ts';
import { workOnUpdate } from '../update/work.ts';
import { openWorld } from '../world.ts';
import { updateStatus, updateStatusLines } from './update-status.ts';

const usage = `usage: gatehouse update                     how things stand
       gatehouse update check               looks for a new release, and fetches nothing
       gatehouse update stage [FOLDER]      fetches it, or takes it from a folder; --force: also an older one
       gatehouse update apply [--now]       installs what lies ready, in the window, or now`;

interface Update {
  readonly call: CommandCall;
  readonly config: Config;
  readonly image: Image;
}

type Action = (update: Update, words: readonly string[]) => Promise<number>;

const actions: Readonly<Record<string, { readonly words: number; readonly run: Action }>> = {
  status: { words: 0, run: status },
  check: { words: 0, run: check },
  stage: { words: 1, run: stage },
  apply: { words: 0, run: apply },
  fetch: { words: 0, run: fetch },
  work: { words: 0, run: work },
  stick: { words: 1, run: stick },
  health: { words: 0, run: health },
};

export async function updateCommand(call: CommandCall): Promise<number> {
  const [name = 'status', ...words] = call.rest;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (action === undefined || words.length > action.words) {
    call.out(usage);
    return 2;
  }
  const image = thisImage();
  if (image === undefined) {
    call.out('This machine does not run an image of Gatehouse: new releases come as packages.');
    return 1;
  }
  return await action.run({ call, config: readConfig(call.configFile), image }, words);
}

async function status({ call, config, image }: Update): Promise<number> {
  const found = updateStatus(config, image, Date.now());
  if (call.json) call.out(JSON.stringify(found));
  else for (const line of updateStatusLines(found, config)) call.out(line);
  return found.last?.outcome === 'rolled_back' || found.trouble !== undefined ? 1 : 0;
}

async function check({ call, config, image }: Update): Promise<number> {
  return await told(call, async () => {
    const found = await fetchAnnounced(sourceOf(config, image), fetchingOf(config, image, true));
    call.out(
      found === undefined ? 'No release is announced there.' : `${found.manifest.version} can be installed.`,
    );
    return 0;
  });
}

/** For a unit of a user that may do nothing else. Nothing new is no failure. */
async function fetch({ call, config, image }: Update): Promise<number> {
  if (config.update.url === undefined) return 0;
  return await told(call, async () => {
    const fetching = { ...fetchingOf(config, image, false), folder: incomingFolder({ config }) };
    const manifest = await fetchRelease(sourceOf(config, image), fetching);
    call.out(manifest === undefined ? 'No release is announced.' : `${manifest.version} is here.`);
    return 0;
  });
}

function sourceOf(config: Config, image: Image) {
  const { url } = config.update;
  if (url === undefined)
    throw new Error('update.url in the settings says where releases come from; it says nothing');
  return { url, ca: upstreamAuthorities(config.site.extra_ca_file), release: image.version };
}

function fetchingOf(config: Config, image: Image, isByHand: boolean) {
  const roots = imageRoots();
  using reader = openReader(config.site.state_directory, 'box');
  const facts = reader === undefined ? {} : readUpdateFacts(reader.db);
  const box = runningBox({ config, image }, facts);
  return {
    architecture: image.architecture,
    trust: trustNow({ roots, clock: { now: Date.now } }, facts),
    requireWanted: (manifest: Manifest) => {
      if (facts.staged?.version === manifest.version && !isByHand)
        throw new RefusedUpdateError('same_version', `${manifest.version} lies ready`);
      requireSuitable(manifest, box, { isByHand, isForced: mayBeOlder(facts, Date.now()) });
    },
  };
}

async function stage(update: Update, [folder]: readonly string[]): Promise<number> {
  if (folder === undefined) {
    await runProgram('systemctl', ['start', 'gatehouse-update-fetch.service'], { timeoutMs: 4 * 3_600_000 });
    return await work(update);
  }
  if (!statSync(folder).isDirectory())
    throw new Error(`${folder} is no folder: name the one that the files are in`);
  return await take(update, folder, 'folder');
}

async function stick({ call, config, image }: Update, [device = '']: readonly string[]): Promise<number> {
  return await withStick(device, async (folder) => await take({ call, config, image }, folder, 'stick'));
}

async function take(update: Update, folder: string, source: 'folder' | 'stick'): Promise<number> {
  const { call } = update;
  return await told(call, async () => {
    using needs = needsOf(update);
    const wish = { isByHand: true, isForced: call.force === true };
    const manifest = await takeRelease(needs, { folder, source, wish });
    call.out(
      manifest === undefined ? 'There is no release of Gatehouse in it.' : `${manifest.version} lies ready.`,
    );
    return manifest === undefined ? 1 : 0;
  });
}

async function apply(update: Update): Promise<number> {
  {
    using needs = needsOf(update);
    const { staged } = readUpdateFacts(needs.store.db);
    if (staged === undefined) {
      update.call.out('Nothing lies ready.');
      return 1;
    }
    const ordered = { version: staged.version, isNow: update.call.now === true, at: Date.now() };
    await needs.store.write((tx) => saveUpdateFacts(tx, { ordered }));
  }
  return await work(update);
}

async function work(update: Update): Promise<number> {
  using needs = needsOf(update);
  update.call.out(await workOnUpdate(needs, thisMachine()));
  return 0;
}

/** Only a release on trial can fail: others are not restarted, whatever is wrong with them. */
async function health(update: Update): Promise<number> {
  const count = bootCount();
  if (count === undefined) return 0;
  try {
    using needs = needsOf(update);
    return (await proveAndTell(needs, count)) ? 0 : 1;
  } catch (error) {
    // What is remembered of updates can't be read: perhaps the other release can.
    update.call.out(error instanceof Error ? error.message : String(error));
    return isWayOut(count, true) ? 1 : 0;
  }
}

function needsOf({ config, image }: Update): UpdateNeeds & Disposable {
  const { clock, log } = openWorld();
  const store = openStore({ directory: config.site.state_directory, part: 'box', clock });
  return {
    config,
    image,
    clock,
    log,
    roots: imageRoots(),
    store,
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

async function told({ out }: CommandCall, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RefusedUpdateError)) throw error;
    out(error.code === 'same_version' ? `Nothing new: ${error.message}.` : `Not taken: ${error.message}.`);
    return error.code === 'same_version' ? 0 : 1;
  }
}
