/** What `gatehouse update` prints. */
import type { Config } from '../config.ts';
import { readUpdates } from '../store/update-view.ts';
import type { UpdateFacts } from '../store/update-facts.ts';
import type { Image } from '../update/image.ts';
import { runningBox } from '../update/needs.ts';
import { occupationOf } from '../update/occupation.ts';
import { reasonToWait } from '../update/window.ts';

interface UpdateStatus extends Pick<
  UpdateFacts,
  'staged' | 'ordered' | 'pending' | 'failed' | 'last' | 'trouble'
> {
  readonly version: string;
  readonly architecture: string;
  /** Nothing below it is taken. */
  readonly floor: string;
  readonly revocations: number;
  /** Why what lies ready is not installed yet. */
  readonly waits?: string;
}

export function updateStatus(config: Config, image: Image, now: number): UpdateStatus {
  const all = readUpdates(config.site.state_directory);
  const { floor: _kept, revocations, ...facts } = all;
  const waits = facts.staged === undefined ? undefined : whyItWaits(config, facts, now);
  return {
    ...image,
    floor: runningBox({ config, image }, all).floor,
    revocations: revocations?.number ?? 0,
    ...facts,
    ...(waits === undefined ? {} : { waits }),
  };
}

function whyItWaits(
  { update, site }: Config,
  { staged, ordered }: UpdateFacts,
  now: number,
): string | undefined {
  const isOrdered = ordered !== undefined && ordered.version === staged?.version;
  if (!isOrdered && !update.automatic) return 'it waits for `gatehouse update apply`';
  const moment = { window: update.window, timeZone: site.time_zone, now };
  return reasonToWait(moment, occupationOf(site.state_directory, moment.now), isOrdered && ordered.isNow);
}

export function updateStatusLines(status: UpdateStatus, { update }: Config): string[] {
  const { staged, pending, last, trouble, failed = [] } = status;
  return [
    `Runs       ${status.version} (${status.architecture}); nothing below ${status.floor} is taken`,
    `Source     ${update.url ?? 'none: sticks and the page only'}`,
    `Window     ${update.window}${update.automatic ? '' : ', and only when somebody says so'}`,
    ...(staged
      ? [`Ready      ${staged.version}, by ${staged.source}; ${status.waits ?? 'it comes now'}`]
      : []),
    ...(pending
      ? [`On trial   ${pending.to}${pending.trouble === undefined ? '' : `: ${pending.trouble}`}`]
      : []),
    ...(last ? [`Last       ${time(last.at)}  ${last.from} → ${last.to}  ${outcomeWords(last)}`] : []),
    ...(trouble ? [`Not taken  ${time(trouble.at)}  ${trouble.words}`] : []),
    ...failed.map(({ version, reason }) => `Failed     ${version}: ${reason}; not tried again by itself`),
  ];
}

function outcomeWords({ outcome, reason }: NonNullable<UpdateFacts['last']>): string {
  return outcome === 'good' ? 'good' : `taken back: ${reason ?? 'no reason known'}`;
}

function time(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}
