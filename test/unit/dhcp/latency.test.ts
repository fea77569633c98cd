import { expect, test } from 'vitest';
import { openLatency } from '../../../appliance/dhcp/latency.ts';

test('percentiles are right to an eighth', () => {
  const latency = openLatency();
  for (let ms = 1; ms <= 1000; ms += 1) latency.record(ms);
  for (const [part, microseconds] of [
    [0.5, 500_000],
    [0.99, 990_000],
  ] as const) {
    expect(latency.percentile(part)).toBeGreaterThanOrEqual(microseconds);
    expect(latency.percentile(part)).toBeLessThanOrEqual(microseconds * 1.125);
  }
});

test('what took no time and what took for ever are counted too', () => {
  const latency = openLatency();
  expect(latency.percentile(0.99)).toBe(0);
  latency.record(0);
  expect(latency.percentile(0.5)).toBe(1);
  latency.record(1e12);
  expect(latency.percentile(1)).toBeGreaterThan(3_600_000_000);
});
