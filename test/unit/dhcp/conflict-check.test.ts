import { expect, onTestFinished, test } from 'vitest';
import { startConflictCheck } from '../../../appliance/dhcp/conflict-check.ts';
import { openCounters } from '../../../appliance/dhcp/counters.ts';
import type { Decision } from '../../../appliance/dhcp/decision.ts';
import { openNetworks } from '../../../appliance/dhcp/networks.ts';
import type { ArpEntry } from '../../../appliance/net/arp-table.ts';
import { formatIpv4, parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { fakeClock } from '../../support/clock.ts';
import { siteConfig } from '../../service/dhcp/dhcp-site.ts';

const squatter = '02:00:00:00:00:99';

/** The ten addresses of 10.66.0.100 to .109, and what the kernel's neighbour table says of them. */
function openCheck(settings = '', readArp?: () => ArpEntry[]) {
  const clock = fakeClock();
  const networks = openNetworks(siteConfig('/nowhere', settings), {
    tenures: [],
    now: clock.now(),
    isLeaving: () => false,
  });
  const [network] = networks;
  if (network === undefined) throw new Error('no network');
  const [asked, decisions, arp] = [[] as string[], [] as Decision[], [] as ArpEntry[]];
  const counters = openCounters();
  const check = startConflictCheck({
    clock,
    networks,
    time: clock,
    counters,
    sockets: { post: ({ to }) => void asked.push(`${to.address}:${to.port}`) },
    writer: { take: (decision) => void decisions.push(decision) },
    readArp: readArp ?? (() => arp),
  });
  onTestFinished(() => check[Symbol.asyncDispose]());
  const offer = (mac: string) => {
    const ip = network.pool.offer({ client: mac, mac }, undefined, clock.now());
    return ip === undefined ? undefined : formatIpv4(ip);
  };
  return { clock, counters, pool: network.pool, asked, decisions, arp, offer };
}

test('each free address is asked after once, by the discard port, and is ready when nothing answers for a second', async () => {
  const { clock, pool, asked } = openCheck();
  await clock.advance(900);
  expect(asked.toSorted()).toEqual(Array.from({ length: 10 }, (_, at) => `10.66.0.${100 + at}:9`).toSorted());
  expect(pool.checked(clock.now())).toBe(0);
  await clock.advance(2000);
  expect(pool.checked(clock.now())).toBe(10);
  expect(asked.length).toBe(10);
});

test('an address that something answers for ten seconds is set aside, told, and offered to nobody', async () => {
  const { clock, pool, decisions, arp, offer } = openCheck();
  arp.push({ ip: '10.66.0.104', mac: squatter });
  await clock.advance(12_000);
  expect(decisions).toMatchObject([
    {
      change: {
        write: {
          row: {
            ip: parseIpv4('10.66.0.104'),
            mac: squatter,
            state: 'declined',
            client: null,
            in_use_by: squatter,
          },
        },
      },
      journal: { kind: 'in_use', mac: squatter, body: { ip: '10.66.0.104', probation_seconds: 3600 } },
    },
  ]);
  const offered = Array.from({ length: 10 }, (_, at) => offer(`02:00:00:00:01:0${at}`));
  expect(offered.filter((ip) => ip !== undefined)).toHaveLength(9);
  expect(offered).not.toContain('10.66.0.104');
  expect(pool.free).toBe(0);
});

test('a router that answers ARP for everybody takes a quarter of the addresses away, and not all', async () => {
  const { clock, decisions, arp, offer } = openCheck();
  for (let at = 0; at < 10; at += 1) arp.push({ ip: `10.66.0.${100 + at}`, mac: squatter });
  await clock.advance(60_000);
  expect(decisions).toHaveLength(3);
  const offered = Array.from({ length: 10 }, (_, at) => offer(`02:00:00:00:01:0${at}`));
  expect(offered.filter((ip) => ip !== undefined)).toHaveLength(7);
});

test('what the kernel only remembers, and forgets when nobody answers, is no conflict', async () => {
  const { clock, pool, decisions, arp } = openCheck();
  arp.push({ ip: '10.66.0.104', mac: squatter });
  await clock.advance(5000);
  arp.pop();
  await clock.advance(5000);
  expect(decisions).toEqual([]);
  expect(pool.checked(clock.now())).toBe(10);
});

test('a network behind a relay, where no ARP reaches, is not asked after', async () => {
  const { clock, asked } = openCheck(
    '[[dhcp.network]]\nsubnet = "10.66.9.0/24"\npools = [["10.66.9.1", "10.66.9.9"]]\nrouters = ["10.66.9.254"]\n',
  );
  await clock.advance(5000);
  expect(asked.filter((to) => !to.startsWith('10.66.0.'))).toEqual([]);
});

test('a new client gets an address that was checked before any other', () => {
  const { clock, pool, offer } = openCheck();
  pool.setChecked(parseIpv4('10.66.0.107'), clock.now());
  expect(offer('02:00:00:00:00:01')).toBe('10.66.0.107');
  expect(offer('02:00:00:00:00:02')).not.toBe('10.66.0.107');
});

test('a neighbour table that cannot be read ends nothing: it is counted, and the next look is as good as any', async () => {
  let isReadable = false;
  const { clock, pool, counters } = openCheck('', () => {
    if (!isReadable) throw new Error('EACCES');
    return [];
  });
  await clock.advance(2500);
  expect(counters.values()).toMatchObject({ conflict_checks_failed: 3 });
  expect(pool.checked(clock.now())).toBe(0);
  isReadable = true;
  await clock.advance(3000);
  expect(pool.checked(clock.now())).toBe(10);
});

test('no offer waits: before anything was asked, any free address is offered', () => {
  expect(openCheck().offer('02:00:00:00:00:01')).toMatch(/^10\.66\.0\./);
});

test('what was found out counts five minutes, then it is asked again', async () => {
  const { clock, pool, asked } = openCheck();
  await clock.advance(3000);
  expect(pool.checked(clock.now())).toBe(10);
  await clock.advance(305_000);
  expect(asked.length).toBeGreaterThanOrEqual(20);
  expect(asked.length).toBeLessThanOrEqual(30);
});

test('the client whose lease ended and who is still there keeps its address unblamed', async () => {
  const { clock, pool, decisions, arp } = openCheck();
  const ip = parseIpv4('10.66.0.104');
  pool.save(
    {
      ip,
      client: squatter,
      mac: squatter,
      started_at: clock.now(),
      expires_at: clock.now(),
      state: 'released',
      circuit_id: null,
      giaddr: null,
      declines: 0,
    },
    clock.now(),
  );
  arp.push({ ip: '10.66.0.104', mac: squatter });
  await clock.advance(20_000);
  expect(decisions).toEqual([]);
  expect(pool.leaseOf(squatter)?.ip).toBe(ip);
});

test('a clock that is set back holds no question up', async () => {
  const { clock, pool } = openCheck();
  await clock.advance(900);
  clock.set(clock.now() - 7_200_000);
  await clock.advance(2000);
  expect(pool.checked(clock.now())).toBe(10);
});
