/** Run inside a namespace: with the rules of 1,000 calls there, how long one more call's take. Prints milliseconds as JSON. */
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
const took: number[] = [];
for (let call = calls; call < calls + measured; call += 1) {
  const begin = performance.now();
  await nft.ask(changeFlows([], flowsOf(call), ways));
  took.push(performance.now() - begin);
}
took.sort((a, b) => a - b);
console.log(JSON.stringify({ p50: took[Math.floor(measured / 2)], p99: took[Math.floor(measured * 0.99)] }));
