/** The certificate that phones are shown: renewed by whoever keeps the site's authority, taken up here without a restart. */
import { ensureAuthority, serverIdentity, type ServerIdentity } from '../net/authority.ts';
import type { Config } from '../config/schema.ts';
import { repeat, type World } from '../world.ts';
import type { Engine } from './engine/engine.ts';

/** A day is soon enough for renewing; a clock that was set may have more to say. */
const lookEveryMs = 3_600_000;

interface Renewing {
  readonly site: Config['site'];
  readonly engine: Pick<Engine, 'setIdentity'>;
  /** What the engine was started with. */
  readonly shown: ServerIdentity;
  readonly onError: (error: unknown) => void;
}

/** Made or renewed when need be. Throws when this process would have to and may not. */
export async function ownIdentity(
  { clock }: Pick<World, 'clock'>,
  { state_directory: directory, address }: Config['site'],
): Promise<ServerIdentity> {
  await ensureAuthority(directory, address, clock);
  return serverIdentity(directory, address);
}

/** Looks once an hour, and renews the certificate when nobody else has. */
export function renewIdentity(world: World, { site, engine, shown, onError }: Renewing): AsyncDisposable {
  let current = shown;
  const look = async () => {
    const latest = await ownIdentity(world, site);
    if (latest.cert === current.cert) return;
    engine.setIdentity(latest);
    current = latest;
    world.log.info('a new certificate is shown to phones');
  };
  return repeat(world.clock, lookEveryMs, { work: look, onError });
}
