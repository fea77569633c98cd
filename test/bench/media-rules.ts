/**
 * Run inside a namespace: with the rules of 1,000 calls there, how long one more call's take, and in turns with it the least that
 * can be changed at all, one element of one set. Prints milliseconds as JSON.
 */
import { openNft } from '../../appliance/net/nft.ts';
import { wayName, changeFlows, mediaTable, type RoutedFlow } from '../../appliance/rtp/kernel-rules.ts';

const calls = 1000;
const measured = 300;

/** Both directions by the one card that every namespace has. */
const way = { card: 'lo', gateway: undefined };

function flowsOf(call: number): RoutedFlow[] {
  const far = { address: `10.${call >> 8}.${call & 255}.1`, port: 4000 };
  const cloud = { address: '203.0.113.50', port: 20_000 + call };
  const near = { address: '10.66.0.1', port: 20_000 + call * 2 };
  const by = { address: '192.0.2.2', port: 30_000 + call * 2 };
  return [
    { from: far, at: near, by, to: cloud, way },
    { from: cloud, at: by, by: near, to: far, way },
  ];
}

const there = Array.from({ length: calls }, (_, call) => flowsOf(call)).flat();
await using nft = openNft();
await nft.load(mediaTable({ first: 20_000, last: 39_999 }, ['lo'], there));
const ways = new Set(there.map(wayName));
await nft.ask('add table netdev barest; add set netdev barest one { type inet_service; }');

async function timed(line: string): Promise<number> {
  const begin = performance.now();
  await nft.ask(line);
  return performance.now() - begin;
}

const [took, barest]: [number[], number[]] = [[], []];
for (let call = calls; call < calls + measured; call += 1) {
  took.push(await timed(changeFlows([], flowsOf(call), ways)));
  barest.push(await timed(`add element netdev barest one { ${call} }`));
}
const of = (times: readonly number[], share: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)];
console.log(JSON.stringify({ p50: of(took, 0.5), p99: of(took, 0.99), barest: of(barest, 0.5) }));
