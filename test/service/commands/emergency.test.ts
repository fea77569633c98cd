/** What the commands say of emergency calls: those that were, and whether one would get through now. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { checkSite } from '../../../appliance/commands/check.ts';
import { siteToCheck } from '../../../appliance/commands/check-probes.ts';
import { emergencyCommand } from '../../../appliance/commands/emergency.ts';
import { readConfig } from '../../../appliance/config.ts';
import { saveEmergencyCall, type EmergencyCall } from '../../../appliance/store/emergency-calls.ts';
import { saveBinding, type BindingRow } from '../../../appliance/store/bindings.ts';
import { replaceSiteNumbers } from '../../../appliance/store/site-numbers.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { openTelemetry } from '../../../appliance/store/telemetry.ts';
import { systemClock, type Health } from '../../../appliance/world.ts';
import { bindingRow } from '../../support/binding-row.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { freePort } from '../../support/free-port.ts';
import { startMailServer, startWebhook } from '../../support/lan-ends.ts';
import { startGateway } from '../../support/sip-gateway.ts';

const at = Date.UTC(2026, 10, 26, 9, 30);

const call: EmergencyCall = {
  id: 'abcdef0123456789',
  kind: 'help',
  at,
  number: '112',
  name: 'Ann\u001B[2J',
  caller: {
    aor: '+4930555101@x',
    phone: 'p',
    source: '10.66.0.101:5060',
    transport: 'tls',
    contact: 'sip:x',
    mac: '00:15:65:aa:bb:cc',
  },
  place: { mac: '00:15:65:aa:bb:cc', source: 'snmp', at, place: 'Building 2, room 301' },
  callback: '+4930555101',
  outcome: 'up',
  answeredAt: at + 2000,
  ways: [
    { way: 'cloud', at, outcome: 'silent' },
    { way: 'gateway', at: at + 1500, outcome: 'answered' },
  ],
  notices: [{ by: 'mail', to: 'a@b', tries: 3, isDelivered: false, at, result: '550 no' }],
};

interface Kept {
  readonly calls?: readonly EmergencyCall[];
  readonly health?: Health;
}

async function desk(settings = '', { calls = [], health = { state: 'ok' } }: Kept = {}): Promise<string> {
  const directory = temporaryDirectory();
  const file = join(directory, 'gatehouse.toml');
  writeFileSync(file, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n${settings}`);
  using store = openStore({ directory, part: 'sip', clock: systemClock });
  await store.write((tx) => {
    for (const each of calls) saveEmergencyCall(tx.db, each);
  });
  const telemetry = openTelemetry(directory, 'sip');
  onTestFinished(() => telemetry[Symbol.dispose]());
  const now = systemClock.now();
  telemetry.report({ at: now, startedAt: now, health, counters: {} });
  return file;
}

async function run(configFile: string, rest: readonly string[] = [], json = false) {
  const lines: string[] = [];
  const code = await emergencyCommand({ configFile, json, rest, out: (line) => lines.push(line) });
  return { code, text: lines.join('\n') };
}

const check = async (configFile: string) =>
  (await checkSite(siteToCheck(readConfig(configFile), configFile), ['emergency'])).map(
    ({ state, text }) => `${state}: ${text}`,
  );

it('a list names each call, who took it and who was not told', async () => {
  const { code, text } = await run(await desk('', { calls: [call] }));
  expect(code).toBe(0);
  expect(text).toMatch(
    /^abcdef01 +2026-11-26 09:30:00 +112 +Ann·\[2J +Building 2, room 301 +gateway +mail$/m,
  );
});

it('one call is told with all that is kept of it, by the beginning of its name', async () => {
  const file = await desk('', { calls: [call] });
  const { text } = await run(file, ['abcd']);
  expect(text).toContain('Place      Building 2, room 301 (snmp, since 2026-11-26 09:30:00)');
  expect(text).toMatch(/^cloud +2026-11-26 09:30:00 +silent$/m);
  expect(text).toMatch(/^mail +a@b +no +3 +550 no$/m);
  expect(JSON.parse((await run(file, ['abcd'], true)).text)).toEqual(call);
  expect((await run(file, ['zz'])).code).toBe(1);
});

it('a file of the release before has none', async () => {
  expect((await run(await desk())).text).toBe('Nobody has called for help.');
});

it('without a gateway the check says whom nobody here can reach in an outage', async () => {
  const verdicts = await check(await desk('[dial_plan]\ncountry_code = "61"\n'));
  expect(verdicts).toEqual([
    'ok: the way through the cloud is open',
    expect.stringMatching(/^warning: in an outage nobody here can reach 000: there is no gateway/),
    expect.stringMatching(/^warning: nobody is told of an emergency call but attendants/),
    expect.stringMatching(/^warning: emergency.attendants names nobody/),
  ]);
});

it.each([
  [
    'no way to the registrar x: 3 of 4 phones are kept here and can call each other',
    /^problem: the way through the cloud: no way to the registrar x/,
  ],
  [
    'media relay (rtp) not reached: calls are refused, and calls for help go out without it',
    /^problem: media relay \(rtp\) not reached: .* heard only where both ends reach each other$/,
  ],
])('what the part sip says of itself is a problem of calls for help: %s', async (reason, expected) => {
  const [first] = await check(
    await desk('[dial_plan]\ncountry_code = "49"\n', { health: { state: 'degraded', reason } }),
  );
  expect(first).toMatch(expected);
});

it('the check asks gateway, webhook and mail server, and says which would fail', async () => {
  const [gateway, webhook, mail] = [
    await startGateway(),
    await startWebhook(),
    await startMailServer({ refuses: { EHLO: '554 go away' } }),
  ];
  const settings = `[dial_plan]
country_code = "49"
[gateway]
host = "127.0.0.9"
port = ${gateway.port}
[emergency]
attendants = ["102"]
webhook = "http://127.0.0.1:${webhook.port}/"
[emergency.mail]
server = "127.0.0.1"
port = ${mail.port}
tls = "none"
from = "a@b"
to = ["c@d"]
`;
  expect(await check(await desk(settings))).toEqual([
    'ok: the way through the cloud is open',
    expect.stringMatching(/^ok: the gateway 127\.0\.0\.9 answers \(SIP\/2\.0 200 OK\)/),
    `ok: the webhook 127.0.0.1:${webhook.port} takes connections`,
    'problem: the mail server 127.0.0.1: 554 go away to EHLO',
    'problem: attendants that would not be rung: 102 (nobody registered has this number)',
  ]);
});

const registered = (user: string, more: Partial<BindingRow> = {}) =>
  bindingRow(systemClock.now(), { token: user, phone: user, aor: `${user}@x`, ...more });

/** What the check says of attendants where these phones are registered, and 500 is the extension of one of them. */
async function attendantsAre(wanted: string, settings = ''): Promise<string | undefined> {
  const file = await desk(`[emergency]\nattendants = ${wanted}\n${settings}`);
  const directory = dirname(file);
  using sip = openStore({ directory, part: 'sip', clock: systemClock });
  using web = openStore({ directory, part: 'web', clock: systemClock });
  await sip.write(({ db }) => {
    for (const user of ['+4930555102', '+4930777105', '+4930888105']) saveBinding(db, registered(user));
    saveBinding(db, registered('anna', { mac: '00:15:65:aa:bb:cc' }));
    saveBinding(db, registered('+4930555103', { state: 'late' }));
  });
  await web.write((tx) => replaceSiteNumbers(tx, [{ phone: '00:15:65:aa:bb:cc', extension: '500' }]));
  return (await check(file)).at(-1);
}

it('attendants are those that an emergency call would ring: by the dial plan and the list of the site, and not late', async () => {
  const digits = '[dial_plan]\ncountry_code = "49"\nextension_length = 3\n';
  expect(await attendantsAre('["102", "030555102", "500"]', digits)).toBe(
    'ok: attendants are registered: 102, 030555102, 500',
  );
  expect(await attendantsAre('["102", "500"]')).toBe(
    'warning: attendants that would not be rung: 102 (nobody registered has this number)',
  );
  expect(await attendantsAre('["103", "105"]', digits)).toBe(
    'problem: attendants that would not be rung: 103 (nobody registered has this number), 105 (fits several phones)',
  );
});

it('a gateway that is not there is a problem', async () => {
  const settings = `[gateway]\nhost = "127.0.0.1"\ntransport = "tcp"\nport = ${await freePort()}\n`;
  const file = await desk(settings.replace('127.0.0.1', '127.0.0.8'));
  expect(await check(file)).toContainEqual(
    expect.stringMatching(/^problem: the gateway 127\.0\.0\.8 does not answer over tcp/),
  );
});
