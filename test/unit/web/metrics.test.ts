import { expect, it } from 'vitest';
import { formatMetrics } from '../../../appliance/web/metrics.ts';

const part = {
  name: 'dhcp',
  isWanted: true,
  isRunning: true,
  health: { state: 'ok' },
  counters: { acks: 3, 'odd-name': 1, broken: NaN },
} as const;

it('tells parts, phones, calls and counters in the text format of Prometheus', () => {
  const text = formatMetrics({
    parts: [
      part,
      { ...part, name: 'sip', isRunning: false, counters: {} },
      { ...part, name: 'cloud', isWanted: false },
    ],
    phones: [{ stage: 'placed' }, { stage: 'leased', problem: 'x' }],
    callsUp: 2,
    streams: 1,
    sounds: [],
  });
  const lines = text.trimEnd().split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'gatehouse_part_up{part="dhcp"} 1',
      'gatehouse_part_up{part="sip"} 0',
      'gatehouse_part_ok{part="dhcp"} 1',
      'gatehouse_phones{stage="placed"} 1',
      'gatehouse_phones{stage="in call"} 0',
      'gatehouse_phones_in_trouble 1',
      'gatehouse_calls 2',
      'gatehouse_dhcp_acks 3',
      'gatehouse_dhcp_odd_name 1',
      '# TYPE gatehouse_dhcp_acks untyped',
    ]),
  );
  expect(text).not.toMatch(/cloud|NaN/);
  expect(
    lines.filter((line) => !/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"\})? -?\d+)$/.test(line)),
  ).toEqual([]);
});

it('tells how calls sound, each side by itself, and nothing while there are none', () => {
  const leg = { packets: 100, lossToBox: 0.01, jitterToBoxMs: 4, mos: 4.2 };
  const sound = (heardByPhone: number, roundTripMs?: number) => ({
    phone: leg,
    cloud: { ...leg, lossFromBox: 0.03, ...(roundTripMs === undefined ? {} : { roundTripMs }) },
    heardByPhone,
    heardByFarEnd: 4.4,
  });
  const site = { parts: [], phones: [], callsUp: 0, streams: 0 };
  const lines = formatMetrics({ ...site, sounds: [sound(4, 80), sound(3)] }).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'gatehouse_call_mos_mean 3.5',
      'gatehouse_call_mos_lowest 3',
      'gatehouse_leg_loss_ratio{leg="phone"} 0.01',
      'gatehouse_leg_loss_ratio{leg="cloud"} 0.03',
      'gatehouse_leg_jitter_seconds{leg="phone"} 0.004',
      'gatehouse_leg_round_trip_seconds{leg="cloud"} 0.08',
    ]),
  );
  expect(lines).not.toContainEqual(expect.stringContaining('round_trip_seconds{leg="phone"}'));
  expect(formatMetrics({ ...site, sounds: [] })).not.toMatch(/mos|loss|jitter/);
});
