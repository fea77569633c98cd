/** `gatehouse calls` as a person runs it. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { callsCommand } from '../../../appliance/commands/calls.ts';
import { statusCommand } from '../../../appliance/commands/status.ts';
import { endCall } from '../../../appliance/store/calls.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite } from '../../support/site.ts';

const mac = '00:15:65:aa:00:01';
const id = 'c'.repeat(32);

function openDesk() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n`);
  const site = openSite(join(directory, 'state'), systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  const run = async (rest: readonly string[], more: { json?: boolean; pcap?: string } = {}) => {
    const lines: string[] = [];
    const call = { configFile, json: false, rest, ...more, out: (line: string) => lines.push(line) };
    const code = await (rest[0] === 'status' ? statusCommand : callsCommand)(call);
    return { code, text: lines.join('\n') };
  };
  const failedCall = async (reason = '503 Service Unavailable') => {
    await site.call(mac, { id, state: 'ringing' });
    await site.write('sip', ({ db }) => endCall(db, { id, endedAt: systemClock.now(), reason }));
    site.ladder(id, ['INVITE sip:2@x SIP/2.0\r\nX: \u001b[31m\u202e\r\nContent-Length: 0\r\n\r\n']);
  };
  return { directory, site, run, failedCall };
}

it('lists the last calls with the reasons in words, and phones that can’t register', async () => {
  const { run, failedCall, site } = openDesk();
  expect((await run([])).text).toBe('There were no calls yet.');
  await failedCall();
  site.failedRegistration({ at: systemClock.now() - 60_000 });
  const { code, text } = await run([]);
  expect(code).toBe(0);
  expect(text).toMatch(/^BEGAN/);
  expect(text).not.toContain('now ago');
  expect(text).toMatch(
    new RegExp(`sip:\\+4930111@example\\.com .*ended +${id} +The other side was overloaded`),
  );
  expect(text).toMatch(
    /^The registration of 00:15:65:aa:00:01 failed .*: The cloud forbids it to register\. Look whether/m,
  );
  expect(text).toContain('(gatehouse calls registration-001565aa0001)');
  expect(JSON.parse((await run([], { json: true })).text)).toMatchObject({
    calls: [{ id, words: { isFailure: true } }],
    failures: [{ kind: 'call' }, { kind: 'registration' }],
  });
});

it('shows one call with its messages, whose bytes can’t steer the terminal', async () => {
  const { run, failedCall } = openDesk();
  await failedCall();
  const { text } = await run([id]);
  expect(text).toMatch(
    /^Call sip:\+4930111@example\.com to sip:\+4930222@example\.com, ended\nThe other side was overloaded/,
  );
  expect(text).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} phone 10\.66\.0\.100:5061 > box \(tls\)\n {4}INVITE sip:2@x SIP\/2\.0\n {4}X: ·\[31m·$/m,
  );
  expect(JSON.parse((await run([id], { json: true })).text)).toMatchObject({
    ladder: { messages: [{ party: 'phone', text: expect.stringMatching(/^INVITE/) }] },
  });
});

it('writes one call as pcap, for its owner alone to read', async () => {
  const { run, failedCall, directory } = openDesk();
  await failedCall();
  const pcap = join(directory, 'call.pcap');
  const { code, text } = await run([id], { pcap });
  expect([code, text]).toEqual([0, '1 messages written; TCP and TLS stand there as UDP, decrypted.']);
  expect(readFileSync(pcap).subarray(0, 4).toString('hex')).toBe('a1b2c3d4');
  expect(statSync(pcap).mode & 0o777).toBe(0o600);
});

it('shows a failed registration by its id, and says of others that nothing is known', async () => {
  const { run, site } = openDesk();
  site.failedRegistration();
  expect((await run(['registration-001565aa0001'])).text).toBe(
    [
      'Registration of 1001@office.example',
      'The cloud forbids it to register.',
      'Look whether the account still has a licence and SIP devices are allowed.',
      '',
      'No messages of it are kept.',
    ].join('\n'),
  );
  expect(await run(['none'])).toEqual({
    code: 1,
    text: 'Nothing is known of that; `gatehouse calls` lists what there is.',
  });
  expect(await run(['none'], { json: true })).toEqual({ code: 1, text: 'null' });
  expect((await run([], { pcap: '/nowhere' })).code).toBe(2);
  expect((await run(['a', 'b'])).code).toBe(2);
});

it('status says how many phones are registered, what calls go on, and what failed last', async () => {
  const { run, failedCall, site } = openDesk();
  await failedCall('no media');
  await site.binding(mac, '10.66.0.100');
  await site.binding('00:15:65:aa:00:02', '10.66.0.101', { state: 'lost' });
  await site.call(mac, { id: 'up' });
  const { text } = await run(['status']);
  expect(text).toMatch(/^Registrations: 1 registered, 1 without the cloud; calls: 1 up$/m);
  expect(text).toMatch(
    /^A call of 00:15:65:aa:00:01 failed .* No sound came through, .* A firewall blocks UDP/m,
  );
});
