/** A session as it is kept for the process after us, and back. Pure. */
import type { LegName } from '../protocol/media-control.ts';
import type { MediaSessionRow } from '../store/media-sessions.ts';
import { newSession, type Endpoint, type Session } from './session.ts';

type Ours = Readonly<Record<LegName, Endpoint>>;
type FarEnds = Record<LegName, Pick<Session['legs'][LegName], 'remote' | 'latched'>>;

/** Of a bridged session they stand apart: a release that knows nothing of it would relay without the keys, and finds nobody. */
type Kept = FarEnds & { readonly bridged?: { readonly legs: readonly LegName[]; readonly farEnds: FarEnds } };

const nobody: FarEnds = {
  phone: { remote: undefined, latched: { rtp: undefined, rtcp: undefined } },
  cloud: { remote: undefined, latched: { rtp: undefined, rtcp: undefined } },
};

/** `bridged`: legs with keys of the box, which stand nowhere but in memory. */
export function rowOf(session: Session, ours: Ours, bridged: readonly LegName[]): MediaSessionRow {
  const { phone, cloud } = session.legs;
  const farEnds: FarEnds = {
    phone: { remote: phone.remote, latched: phone.latched },
    cloud: { remote: cloud.remote, latched: cloud.latched },
  };
  const kept: Kept = bridged.length === 0 ? farEnds : { ...nobody, bridged: { legs: bridged, farEnds } };
  return {
    id: session.id,
    phone_address: ours.phone.address,
    phone_port: ours.phone.port,
    cloud_address: ours.cloud.address,
    cloud_port: ours.cloud.port,
    expects_media: session.expectsMedia ? 1 : 0,
    far_ends: JSON.stringify(kept),
  };
}

/** As if it had been heard just now: whether anybody still speaks shows soon. */
export function sessionOf(
  row: MediaSessionRow,
  now: number,
): { session: Session; ours: Ours; bridged: readonly LegName[] } {
  const kept = JSON.parse(row.far_ends) as Kept;
  const { legs: bridged, farEnds } = kept.bridged ?? { legs: [], farEnds: kept };
  const session = newSession(row.id, now);
  session.expectsMedia = row.expects_media === 1;
  for (const leg of ['phone', 'cloud'] as const) {
    const own = session.legs[leg];
    own.remote = farEnds[leg].remote;
    for (const component of ['rtp', 'rtcp'] as const) {
      own.latched[component] = farEnds[leg].latched[component];
      own.heardAt[component] = now;
    }
  }
  return {
    session,
    bridged,
    ours: {
      phone: { address: row.phone_address, port: row.phone_port },
      cloud: { address: row.cloud_address, port: row.cloud_port },
    },
  };
}
