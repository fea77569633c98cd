/** The conversation with nft. Only read: rules of this machine are none of a test's business. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { mostLines, openNft } from '../../../appliance/net/nft.ts';
import { until } from '../../support/command.ts';

/** Of the programs that this process has started. */
function talking(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
      const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return Number(rest.split(' ')[1]) === process.pid && words === 'nft\0-i\0';
    } catch {
      return false;
    }
  });
}

it.skipIf(process.getuid?.() !== 0)(
  'nft is begun anew before its history makes it slow, no answer is lost, and none is left behind',
  async () => {
    const nft = openNft();
    const seen = new Set<string>();
    for (let line = 0; line < mostLines * 1.5; line += 1) {
      const kind = line % 2 === 0 ? 'udp dport' : 'udp length';
      expect(await nft.ask(`describe ${kind}`)).toContain(line % 2 === 0 ? 'inet_service' : 'integer');
      if (line % (mostLines / 4) === 0) for (const pid of talking()) seen.add(pid);
    }
    expect(seen.size).toBeGreaterThan(2);
    expect(talking().length, 'one, and the one that follows it').toBeLessThan(3);
    await nft[Symbol.asyncDispose]();
    const areGone = () => talking().length === 0 || undefined;
    expect(await until('all to be gone', areGone, { timeoutMs: 5000, everyMs: 10 })).toBe(true);
  },
);

it.skipIf(process.getuid?.() !== 0)(
  'what is asked at once is answered in order, however much it is',
  async () => {
    const nft = openNft();
    onTestFinished(() => nft[Symbol.asyncDispose]());
    const kinds = ['udp dport', 'udp length'] as const;
    const asked = Array.from({ length: mostLines }, (_none, at) => nft.ask(`describe ${kinds[at % 2]}`));
    const types = (await Promise.all(asked)).map((answer) => answer.includes('inet_service'));
    expect(types).toEqual(asked.map((_none, at) => at % 2 === 0));
  },
);
