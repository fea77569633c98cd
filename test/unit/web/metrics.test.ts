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
