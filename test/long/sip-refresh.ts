/** A thousand registered phones refresh within a second; then the box is killed, and all of them come again. */
import { openSipBench } from './sip-bench.ts';
import type { Finding } from './results.ts';

const count = 1000;

export async function sipRefresh(say: (line: string) => void): Promise<Finding> {
  await using bench = await openSipBench({ phones: count });
  say(`${count} phones registered, ${Math.round(bench.box.megabytes())} MB`);
  const upstream = bench.registered();
  const before = bench.box.seconds();
  const first = await bench.refresh(count);
  const micros = Math.round(((bench.box.seconds() - before) / count) * 1e6);
  const passedOn = bench.registered() - upstream;
  say(`${first.succeeded} refreshed, ${first.repeated} asked again, ${passedOn} went upstream`);
  const megabytes = Math.round(bench.box.megabytes());
  await bench.restart();
  // Each phone's next refresh goes upstream; phones come within their two minutes, not all in one second.
  const again = await bench.refresh(50);
  const afterwards = bench.registered() - upstream - passedOn;
  return {
    name: 'sip-refresh',
    passed: first.succeeded + again.succeeded === 2 * count && passedOn === 0 && afterwards >= count,
    detail:
      `${count} phones, each with a TLS connection of its own to the registrar, refreshed within a second: ${first.succeeded} well, ` +
      `${first.repeated} sent again, ${passedOn} passed on, ${micros} µs of processor each, ${megabytes} MB. ` +
      `After kill -9 they came again at 50 a second: ${again.succeeded} well, ${again.repeated} sent again, ${afterwards} reached the registrar.`,
  };
}
