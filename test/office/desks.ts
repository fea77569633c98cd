/**
 * A room full of phones behind one port of the switch: each has its own card, MAC and lease, and all are one process, which
 * comes from the address of the phone that it speaks for. They have a way of their own to the cloud, too.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until, words, type Running } from '../support/command.ts';
import { readClientLease, startDhcpClient } from '../support/dhcp-client.ts';
import type { Namespace } from '../support/namespaces.ts';
import type { PhoneBoot } from '../support/phone-provisioning.ts';
import type { RawRequest, WalkAnswer, WalkOrder, Walked } from '../support/step-walk.ts';
import { plan, type Network } from './network.ts';
import { provisioningUrl } from './phone.ts';
import type { PhoneKind } from './phone-kinds.ts';

export interface Desks extends AsyncDisposable {
  /** Numbers are places in the list of phones. */
  walk(
    order: 'step' | 'step until answered' | 'settle' | 'restart',
    phones: readonly number[],
  ): Promise<Walked[]>;
  /** Requests of devices that have no lease, from {@link strangers}. */
  send(requests: readonly RawRequest[]): Promise<{ status: number; retryAfter?: string }[]>;
}

interface Room {
  readonly network: Network;
  /** Of the switch; also the room's number. */
  readonly port: number;
  readonly kinds: readonly PhoneKind[];
  /** PEM that makers built in. */
  readonly trusted: string;
}

/** Longer than the box makes phones wait. */
const timeoutMs = 8000;

export const strangers = Array.from({ length: 10 }, (_, at) => `10.66.0.${240 + at}`);

export async function furnish({ network, port, kinds, trusted }: Room): Promise<Desks> {
  await using made = new AsyncDisposableStack();
  const { lab } = network;
  const directory = join(lab.directory, `room${port}`);
  mkdirSync(directory);
  const phones = await lab.namespace(`phones${port}`);
  await layCables(network, port, { phones, kinds });
  const clients = kinds.map(({ client, vendorClass }, at) => ({
    client,
    card: cardOf(at),
    directory: join(directory, String(at)),
    ...(vendorClass === undefined ? {} : { vendorClass: Buffer.from(vendorClass, 'latin1') }),
  }));
  for (const client of clients) made.use(startDhcpClient(phones, client));
  const leases = await until(
    'each phone to have a lease',
    () => {
      const told = clients.map((client) => readClientLease(client.directory));
      return told.every((lease) => lease !== undefined) ? told : undefined;
    },
    { timeoutMs: 60_000 },
  );
  await phones.exec(words('ip -batch -'), {
    input: [
      ...leases.flatMap(({ ip }, at) => ownWay(ip, cardOf(at))),
      ...strangers.flatMap((ip) => [`addr add ${ip}/24 dev ${strangerCard}\n`, ...ownWay(ip, strangerCard)]),
    ].join(''),
  });
  const boots = kinds.map((kind, at): PhoneBoot => {
    const lease = leases[at];
    const names = { host: plan.provisioning, httpPort: 80, httpsPort: 443 };
    const vendor = kind.vendor as PhoneBoot['vendor'];
    const from = lease?.ip ?? '';
    return { vendor, mac: kind.mac, url: provisioningUrl(kind, lease), trusted, from, names, timeoutMs };
  });
  const file = join(directory, 'phones.json');
  writeFileSync(file, JSON.stringify(boots));
  const answering = startWalkers(phones, file);
  made.use(answering.running);
  const stack = made.move();
  return {
    walk: async (order, numbers) => {
      const answer = await answering.ask({ order, phones: numbers });
      return 'walked' in answer ? [...answer.walked] : [];
    },
    send: async (requests) => {
      const answer = await answering.ask({ order: 'send', requests });
      return 'sent' in answer ? [...answer.sent] : [];
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const cardOf = (at: number) => `phone${at}`;
const strangerCard = 'strangers';

interface Cables {
  readonly phones: Namespace;
  readonly kinds: readonly PhoneKind[];
}

/** A small switch without management between the cards and the port. */
async function layCables(
  { lab, switch: lan }: Network,
  port: number,
  { phones, kinds }: Cables,
): Promise<void> {
  const desk = await lab.namespace(`desk${port}`);
  await desk.exec(words('ip link add br0 type bridge forward_delay 0'));
  const uplink = await lan.cable({ namespace: desk, card: 'eth0' });
  const cards = [...kinds.map(({ mac }, at) => ({ card: cardOf(at), mac })), { card: strangerCard }];
  // A card answers for its own address only, and comes from it.
  await phones.exec(words('sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2'));
  await phones.exec(words('ip -batch -'), {
    input: cards
      .map(({ card, ...own }) => {
        const address = 'mac' in own ? `address ${own.mac}` : '';
        return `link add ${card} ${address} type veth peer name ${card} netns ${desk.name}\nlink set ${card} up\n`;
      })
      .join(''),
  });
  await desk.exec(words('ip -batch -'), {
    input: ['eth0', ...cards.map(({ card }) => card)]
      .map((card) => `link set ${card} master br0 up\n`)
      .concat('link set br0 up\n')
      .join(''),
  });
  await lan.plug(uplink, port);
}

/** What comes from this address leaves by its own card, whatever the others have. */
function ownWay(ip: string, card: string): string[] {
  const table = 1000 + Number(ip.split('.').at(-1));
  return [
    `rule add from ${ip} lookup ${table}\n`,
    `route replace ${plan.subnet} dev ${card} src ${ip} table ${table}\n`,
    `route replace default via ${plan.gateway} dev ${card} table ${table}\n`,
  ];
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'token'> : never;

function startWalkers(phones: Namespace, file: string) {
  const waiting = new Map<number, PromiseWithResolvers<WalkAnswer>>();
  const program = join(import.meta.dirname, '../support/step-walk.ts');
  const running: Running = phones.start([process.execPath, program, file], {
    onLine: (line) => {
      const answer = JSON.parse(line) as WalkAnswer;
      const asked = waiting.get(answer.token);
      waiting.delete(answer.token);
      if ('error' in answer) asked?.reject(new Error(answer.error));
      else asked?.resolve(answer);
    },
  });
  const giveUp = () => {
    for (const { reject } of waiting.values()) reject(new Error(`the phones ended: ${running.lastWords()}`));
  };
  void running.exited.then(giveUp);
  let token = 0;
  return {
    running,
    ask: async (order: Unnumbered<WalkOrder>): Promise<WalkAnswer> => {
      token += 1;
      const answered = Promise.withResolvers<WalkAnswer>();
      waiting.set(token, answered);
      running.write(`${JSON.stringify({ token, ...order })}\n`);
      return answered.promise;
    },
  };
}
