/** The whole pretend office: network, cloud, box, phones. */
import type { Lab } from '../support/namespaces.ts';
import { placeOfPort, prepareBox, type Box } from './box.ts';
import { startCloud, type OfficeCloud } from './cloud.ts';
import { buildNetwork, type Network } from './network.ts';
import { installPhone, type OfficePhone } from './phone.ts';
import { phoneKinds } from './phone-kinds.ts';

export interface Office extends AsyncDisposable {
  readonly network: Network;
  readonly cloud: OfficeCloud;
  readonly box: Box;
  readonly phones: readonly OfficePhone[];
  /** The way to the internet is cut. */
  isCut: boolean;
  /** What the box says of its phones, by MAC in lower case with colons. */
  readonly phoneRows: () => Promise<ReadonlyMap<string, BoxPhone>>;
}

/** The fields of a row of `/api/phones` that the office shows. */
export interface BoxPhone {
  readonly mac: string;
  readonly stage: string;
  readonly place?: string;
  readonly port?: string;
  readonly chassis?: string;
  readonly ip?: string;
  readonly problem?: string;
  readonly reached?: Readonly<Record<string, number>>;
}

/** Everything is there and runs; the phones are not yet powered. */
export async function openOffice(lab: Lab, say: (line: string) => void = () => {}): Promise<Office> {
  await using opened = new AsyncDisposableStack();
  say('switch, WAN, name service');
  const network = opened.use(await buildNetwork(lab));
  say('stand-in cloud');
  const cloud = opened.use(await startCloud(network));
  say('Gatehouse');
  const box = opened.use(prepareBox(network, { cloudCaFile: cloud.caFile, cloudToken: cloud.token }));
  await box.start();
  const phones: OfficePhone[] = [];
  for (const [at, kind] of phoneKinds.entries()) {
    const { signIn } = cloud;
    phones.push(opened.use(await installPhone(kind, { network, number: at + 1, port: at + 1, signIn })));
  }
  const stack = opened.move();
  return {
    network,
    cloud,
    box,
    phones,
    isCut: false,
    phoneRows: () => readPhoneRows(box),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function readPhoneRows(box: Box): Promise<ReadonlyMap<string, BoxPhone>> {
  const { phones } = JSON.parse(await box.page('/api/phones')) as { phones: BoxPhone[] };
  return new Map(phones.map((row) => [row.mac.toLowerCase(), row]));
}

/** Placed: the box says the place of the very port that this phone is plugged into. */
export function isPlaced(phone: OfficePhone, row: BoxPhone | undefined): boolean {
  return phone.port !== undefined && row?.place === placeOfPort(phone.port);
}
