/** The box with registered phones and the cloud of the bench, for checks that put load on them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoad, address, type Outcome, type Phone } from '../bench/sip-client.ts';
import { startCloud } from '../bench/sip-cloud.ts';
import { startBox, type Server } from '../bench/sip-servers.ts';
import { newCloudAuthority } from '../cloud/certificates.ts';
import { freePort } from '../support/free-port.ts';

export interface SipBench extends AsyncDisposable {
  readonly directory: string;
  readonly box: Server;
  readonly phones: readonly Phone[];
  /** Port of all phones. */
  readonly from: number;
  /** REGISTERs that reached the cloud. */
  readonly registered: () => number;
  /** All at once. */
  refresh(perSecond: number): Promise<Outcome>;
  /** kill -9 of the box, and a new start. */
  restart(): Promise<void>;
}

/** `phones` of them, registered at thirty a second. */
export async function openSipBench({ phones: count }: { phones: number }): Promise<SipBench> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-long-'));
  const authority = await newCloudAuthority();
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, authority.ca);
  const cloud = await startCloud(await authority.certificateFor([address]));
  const start = async () => await startBox(directory, { port: cloud.port, caFile });
  let box = await start();
  const from = await freePort();
  const phones = Array.from({ length: count }, (_, at) => ({
    user: `u${at}`,
    address: `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}`,
  }));
  const refresh = async (perSecond: number) =>
    await runLoad({ scenario: 'register', target: box.port, from, phones, perSecond, count });
  const outcome = await refresh(30);
  if (outcome.succeeded !== count) throw new Error(`${outcome.failed} phones could not register`);
  return {
    directory,
    get box() {
      return box;
    },
    phones,
    from,
    registered: cloud.registered,
    refresh,
    restart: async () => {
      box.kill();
      await box[Symbol.asyncDispose]();
      box = await start();
    },
    [Symbol.asyncDispose]: async () => {
      await box[Symbol.asyncDispose]();
      cloud.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
