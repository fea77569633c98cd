/** `gatehouse phone` as a person runs it, over a site whose facts were written by the real store functions. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { phoneCommand } from '../../../appliance/commands/phone.ts';
import { saveSent } from '../../../appliance/store/leases.ts';
import { saveMilestones } from '../../../appliance/store/phone-configurations.ts';
import { openErrands } from '../../../appliance/store/errands.ts';
import { saveRestart } from '../../../appliance/store/restarts.ts';
import { systemClock } from '../../../appliance/world.ts';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite, placedPhone, type Site } from '../../support/site.ts';

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';
const hour = 3_600_000;

function openDesk(): { site: Site; run: (...rest: string[]) => Promise<{ code: number; text: string }> } {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n`);
  const site = openSite(join(directory, 'state'), systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  return {
    site,
    run: async (...words) => {
      const rest = words.filter((word) => word !== '--json');
      const lines: string[] = [];
      const json = words.includes('--json');
      const code = await phoneCommand({ configFile, json, rest, out: (line) => lines.push(line) });
      return { code, text: lines.join('\n') };
    },
  };
}

it('says first what to do next, then what is known, and the countdown of bulk sign-in (G-36, G-49)', async () => {
  const { run, site } = openDesk();
  await placedPhone(site, mac, ip);
  const sent = '{"66":"http://10.66.0.1"}';
  await site.lease(mac, ip, { vendor: 'yealink', sent, circuit_id: '506f727433' });
  await site.write('dhcp', ({ db }) => saveSent(db, sent));
  await site.binding(mac, ip, { aor: 'sip:001565aa0001x@onboarding.org' });
  await site.write('provisioning', ({ db }) =>
    saveMilestones(db, mac, { account: 'onboarding', onboardedAt: systemClock.now() - 62.5 * hour }),
  );
  await site.request(mac, { stage: 3, path: '/device/state/…/', isSecure: true });
  const { code, text } = await run('00-15-65-AA-00-01');
  expect(text).toMatch(
    /^Next: Sign in at the phone;.*\n {2}1\. Press Sign-in at the phone.*\n {2}2\. Open that address/,
  );
  expect(text).toMatch(/waits for somebody to sign in/);
  expect(text).toMatch(/^Bulk sign-in of a new phone \(72 h\): 9 h left, closing$/m);
  expect(text).toMatch(/^Told in option 66 +http:\/\/10\.66\.0\.1$/m);
  expect(text).toMatch(/^Relay \(option 82\) +Port3$/m);
  expect(text).toMatch(/^Microsoft's list +minimum .*approved /m);
  expect(text).toMatch(/^Place +room 301$/m);
  expect(text).toMatch(/ 3 +200 +GET https \/device\/state\/…\/ +Passed from the cloud: its configuration$/m);
  expect(text).toMatch(/they are nearly over\.$/m);
  expect(code).toBe(1);
});

it("prints the maker's way to reset a phone that needs it, and points to the maker where none is known (G-1)", async () => {
  const { run, site } = openDesk();
  await site.configuration(mac, ip, { vendor: 'yealink', model: 'SIP-T46S', stage: 1 });
  await site.request(mac, { status: 410, stage: 2 });
  const first = await run(mac);
  expect(first.code).toBe(1);
  expect(first.text).toMatch(/^Next: Reset it to factory settings/);
  expect(first.text).toMatch(/^ {2}1\. At the phone open Menu > Settings/m);
  await site.configuration(mac, ip, { vendor: 'ale', stage: 1 });
  expect((await run(mac)).text).toMatch(/as Alcatel-Lucent Enterprise describes it/);
});

it('lists the logs that a phone uploaded, and prints one so that it can not steer the terminal', async () => {
  const { run, site } = openDesk();
  await placedPhone(site, mac, ip);
  await site.phoneLog(mac, 'one\r\ntwo\u001B[31m\n');
  expect((await run(mac)).text).toMatch(/^1 +(?:now|\d+ s ago) +app\.log +14 bytes$/m);
  expect(await run(mac, 'log', '1')).toEqual({ code: 0, text: 'one\ntwo·[31m\n' });
  expect((await run(mac, 'log', '2')).code).toBe(1);
  expect((await run(mac, 'log', 'x')).code).toBe(2);
});

it('in JSON gives the same, and nothing from the network can steer the terminal', async () => {
  const { run, site } = openDesk();
  await site.configuration(mac, ip, { vendor: 'yealink', model: 'T46S\u001B[31m', stage: 1 });
  await site.request(mac, { outcome: 'refused', status: 403, reason: 'bad\u001B[31m' });
  const { text } = await run(mac, '--json');
  expect(JSON.parse(text)).toMatchObject({
    onboarding: { stage: 'refused here' },
    requests: [{ status: 403 }],
  });
  expect((await run(mac)).text).not.toContain('\u001B');
});

it('of a phone that nobody has seen says so, and of no MAC how it is used', async () => {
  const { run } = openDesk();
  expect(await run(mac)).toMatchObject({ code: 1, text: `No phone ${mac} was seen here.` });
  expect(await run('nonsense')).toMatchObject({ code: 2 });
});

it('restart: says what the phone will do, waits for what comes of it, and the exit code tells', async () => {
  const { run, site } = openDesk();
  await placedPhone(site, mac, ip);
  await site.write('web', () => undefined);
  const ordered = run(mac, 'restart');
  const [errand] = await until(
    'the order',
    async () => {
      const open = await site.write('web', ({ db }) => openErrands(db, systemClock.now()));
      return open.length > 0 ? open : undefined;
    },
    { timeoutMs: 4000, everyMs: 20 },
  );
  const result = { mac, givenAt: errand?.givenAt ?? 0, at: systemClock.now(), outcome: 'accepted' } as const;
  await site.write('sip', ({ db }) => saveRestart(db, result));
  expect(await ordered).toEqual({ code: 0, text: 'Ordered. It restarts.\nIt accepted the order.' });
  expect((await run(mac)).text).toMatch(/^Restart +ordered now: It accepted the order\.$/m);
});

it('restart: is not ordered for a phone that is not registered here', async () => {
  const { run, site } = openDesk();
  await site.lease(mac, ip, { vendor: 'yealink' });
  expect(await run(mac, 'restart')).toEqual({
    code: 1,
    text: 'Not ordered: It is not registered through this box.',
  });
});
