/** The origin of what the cloud is told of the phone's media, once the box itself has changed something about it. Pure. */
import type { LegName } from '../protocol/media-control.ts';
import { originOf, withOrigin } from '../protocol/sdp-origin.ts';
import { formatSdp, movedSdp, type RelayPorts, type Sdp } from '../protocol/sdp.ts';

export interface CloudOrigin {
  /** A description from this leg with our address in it. What goes to the cloud is a later version than it has heard. */
  after(from: LegName, relayed: Sdp): Sdp;
  /**
   * What the cloud was told last, with other ports of ours, as the next version; undefined when they are the same. `heard`: of the
   * phone, last.
   */
  moved(
    told: Sdp,
    to: { readonly address: string; readonly ports: readonly RelayPorts[] },
    heard: Sdp | undefined,
  ): string | undefined;
}

/** `told` and `heard`: what the process before us told the cloud last, and heard of the phone. */
export function newCloudOrigin(told: Sdp | undefined, heard: Sdp | undefined): CloudOrigin {
  let address = told && originOf(told)?.address;
  let ahead = versionsAhead(told, heard);
  return {
    after: (from, relayed) => {
      const own = originOf(relayed);
      if (from === 'cloud' || own === undefined || address === undefined) return relayed;
      return withOrigin(relayed, { version: own.version + ahead, address });
    },
    moved: (before, to, phone) => {
      // Without ports its ends were told each other's own.
      const moved = to.ports.length === 0 ? before : movedSdp(before, to.address, to.ports);
      if (formatSdp(moved) === formatSdp(before)) return undefined;
      const origin = originOf(before);
      if (origin === undefined) return formatSdp(moved);
      const next = withOrigin(moved, { ...origin, version: origin.version + 1n });
      address = origin.address;
      ahead = versionsAhead(next, phone);
      return formatSdp(next);
    },
  };
}

/** A description that the far end refused may have been ahead of what it was told. */
function versionsAhead(told: Sdp | undefined, heard: Sdp | undefined): bigint {
  const [ours, theirs] = [told && originOf(told), heard && originOf(heard)];
  if (ours === undefined || theirs === undefined || ours.version < theirs.version) return 0n;
  return ours.version - theirs.version;
}
