/** The commands as a person runs them, over a site whose facts were written by the real store functions. */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkCommand, checkSite } from '../../../appliance/commands/check.ts';
import { configCommand } from '../../../appliance/commands/config.ts';
import { phonesCommand } from '../../../appliance/commands/phones.ts';
import { statusCommand } from '../../../appliance/commands/status.ts';
import { parseConfig } from '../../../appliance/config.ts';
import { systemClock } from '../../../appliance/world.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openSite, reportAll, type Site } from '../../support/site.ts';

const mac = '00:15:65:aa:00:01';
const ip = '10.66.0.100';

interface Desk {
  readonly directory: string;
  readonly configFile: string;
  readonly site: Site;
}

function openDesk(more = ''): Desk {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}/state"\n${more}`);
  const site = openSite(join(directory, 'state'), systemClock);
  onTestFinished(() => site[Symbol.dispose]());
  return { directory, configFile, site };
}

type Command = typeof statusCommand;

async function runCommand(command: Command, { configFile }: Desk, words: readonly string[] = []) {
  const json = words.includes('--json');
  const rest = words.filter((word) => word !== '--json');
  const lines: string[] = [];
  const code = await command({ configFile, json, rest, out: (line) => lines.push(...line.split('\n')) });
  return { code, lines, text: lines.join('\n') };
}

describe('status', () => {
  it('of a box that never ran says so, exit code 1', async () => {
    const { code, text } = await runCommand(statusCommand, openDesk());
    expect(code).toBe(1);
    expect(text).toMatch(/^sip +not running/m);
    expect(text).toMatch(/^Problem: Gatehouse is not running/m);
  });

  it('of a box that works says so, with counters, exit code 0', async () => {
    const desk = openDesk();
    reportAll(desk.site);
    desk.site.report('dhcp', { state: 'ok' }, { acks: 3, malformed: 2 });
    const { code, text } = await runCommand(statusCommand, desk);
    expect(code).toBe(0);
    expect(text).toMatch(/^dhcp +ok +\S+ \S+ +acks 3, malformed 2$/m);
    expect(text).toMatch(/^Nothing is wrong\.$/m);
  });

  it('of a part that is gone names it, exit code 1', async () => {
    const desk = openDesk();
    reportAll(desk.site);
    desk.site.report('rtp', { state: 'failed', reason: 'no ports' });
    const { code, text } = await runCommand(statusCommand, desk, ['--json']);
    expect(code).toBe(1);
    expect(JSON.parse(text)).toMatchObject({
      troubles: [{ part: 'rtp', severity: 'problem' }],
      parts: expect.arrayContaining([expect.objectContaining({ name: 'rtp', isRunning: true })]) as unknown[],
    });
  });
});

describe('phones', () => {
  it('lists each with stage and place', async () => {
    const desk = openDesk();
    await desk.site.lease(mac, ip, { vendor: 'yealink' });
    await desk.site.configuration(mac, ip, { vendor: 'yealink', model: 'SIP-T46S' });
    await desk.site.binding(mac, ip);
    await desk.site.placement(mac, { place: 'room 301', port: 'Gi1/0/3', switchName: 'first floor' });
    const { code, lines } = await runCommand(phonesCommand, desk);
    expect(code).toBe(0);
    expect(lines[1]).toMatch(
      /^00:15:65:aa:00:01 +Yealink SIP-T46S +placed +.* +10\.66\.0\.100 +first floor Gi1\/0\/3 +room 301 +-$/,
    );
    const { text } = await runCommand(phonesCommand, desk, ['--json']);
    expect(JSON.parse(text)).toMatchObject({
      phones: [{ mac, stage: 'placed', reached: { leased: expect.any(Number) as number } }],
    });
  });

  it('tells what keeps a phone, exit code 1, and does not let it steer the terminal', async () => {
    const desk = openDesk();
    await desk.site.lease(mac, ip, { vendor: 'yealink' });
    await desk.site.configuration(mac, ip, { vendor: 'yealink', status: 403, model: 'T\u001B[2J46' });
    const { code, text } = await runCommand(phonesCommand, desk);
    expect(code).toBe(1);
    expect(text).toContain('refused its configuration (status 403)');
    expect(text).toContain('T·[2J46');
  });

  it('of a site without any says so', async () => {
    expect(await runCommand(phonesCommand, openDesk())).toMatchObject({
      code: 0,
      text: 'No phone has been seen yet.',
    });
  });
});

describe('config', () => {
  it('check of a good file is exit code 0, of a bad one each problem and 1', async () => {
    const desk = openDesk();
    expect(await runCommand(configCommand, desk, ['check'])).toMatchObject({
      code: 0,
      text: `${desk.configFile}: good`,
    });
    const bad = openDesk('foo = 1\n[web]\nport = -1\n');
    const { code, lines } = await runCommand(configCommand, bad, ['check']);
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringContaining('line 4: site.foo') as string,
      expect.stringContaining('line 6: web.port = -1') as string,
    ]);
    expect(JSON.parse((await runCommand(configCommand, bad, ['check', '--json'])).text)).toMatchObject({
      ok: false,
      problems: [expect.any(String), expect.any(String)],
    });
  });

  it('tells what to expect of a language, and is content all the same (G-26)', async () => {
    const desk = openDesk('language = "ja"\n');
    const { code, lines } = await runCommand(configCommand, desk, ['check']);
    expect(code).toBe(0);
    expect(lines).toContain('note: Japanese does not work on Yealink phones: they show English.');
  });

  it('check names files that cannot be read and a state directory that cannot be written', async () => {
    const desk = openDesk('extra_ca_file = "/nowhere/ca.pem"\n');
    writeFileSync(join(desk.directory, 'file'), '');
    const { lines, code } = await runCommand(configCommand, desk, ['check']);
    expect(code).toBe(1);
    expect(lines).toEqual([
      expect.stringContaining('site.extra_ca_file = "/nowhere/ca.pem": cannot be read') as string,
    ]);
  });

  it('print begins a file that is not there yet, or empty: every default, and the address to fill in', async () => {
    const configFile = join(temporaryDirectory(), 'gatehouse.toml');
    const desk = { ...openDesk(), configFile };
    const absent = await runCommand(configCommand, desk, ['print']);
    writeFileSync(configFile, '');
    expect(await runCommand(configCommand, desk, ['print'])).toEqual(absent);
    expect(absent.code).toBe(0);
    expect(parseConfig(absent.text.replace('#address =', 'address =')).site.address).toBe('10.20.0.1');
  });

  it('print reads back, schema is JSON, anything else is usage', async () => {
    const desk = openDesk();
    const { text } = await runCommand(configCommand, desk, ['print']);
    expect(parseConfig(text).site.address).toBe('127.0.0.1');
    expect(JSON.parse((await runCommand(configCommand, desk, ['print', '--json'])).text)).toMatchObject({
      site: { address: '127.0.0.1' },
    });
    expect(JSON.parse((await runCommand(configCommand, desk, ['schema'])).text)).toHaveProperty(
      'properties.dhcp',
    );
    expect((await runCommand(configCommand, desk, ['dance'])).code).toBe(2);
    expect((await runCommand(configCommand, desk)).code).toBe(2);
  });
});

describe('check', () => {
  it('of an area that there is not is usage', async () => {
    expect(await runCommand(checkCommand, openDesk(), ['weather'])).toMatchObject({ code: 2 });
  });

  it('finds a port that another program has, exit code 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const ports = `posture = "assist"\n[web]\nport = ${port}\n`;
    const { code, text } = await runCommand(checkCommand, openDesk(ports), ['ports', 'settings', 'media']);
    expect(code).toBe(1);
    expect(text).toMatch(
      new RegExp(
        `^problem +ports +TCP 127\\.0\\.0\\.1 port ${port} \\(web\\.port\\) is in use by another`,
        'm',
      ),
    );
    expect(text).toMatch(/^not tested +media +UDP 49152 to 53247/m);
    expect(text).toMatch(/^One problem\.$/m);
  });

  it('knows its own ports while it runs', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void taken.close());
    await once(taken, 'listening');
    const desk = openDesk(`posture = "assist"\n[web]\nport = ${(taken.address() as AddressInfo).port}\n`);
    desk.site.report('web');
    const { code, text } = await runCommand(checkCommand, desk, ['ports', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      ready: true,
      verdicts: [{ state: 'ok', text: expect.stringContaining('is ours') as string }],
    });
  });

  it('tells an address that this machine has not, once', async () => {
    const desk = openDesk();
    const config = parseConfig(
      '[site]\naddress = "192.0.2.77"\nstate_directory = "/nonexistent"\n[web]\nport = 0\n',
    );
    const site = { config, configFile: desk.configFile, now: Date.now, firstStageHosts: [], registrars: [] };
    expect(await checkSite(site, ['ports'])).toMatchObject([
      { state: 'problem', text: expect.stringContaining('no address 192.0.2.77 (site.address)') as string },
    ]);
  });

  it('walks from the name to the service: a proxy, a wrong clock and a missing registrar are told', async () => {
    const server = createHttpServer((_request, response) => {
      response
        .writeHead(404, { via: '1.1 corp', date: new Date(Date.now() - 3_600_000).toUTCString() })
        .end();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const desk = openDesk();
    mkdirSync(join(desk.directory, 'state'), { recursive: true });
    const config = parseConfig(`[site]\naddress = "127.0.0.1"\n[sip]\nupstream_port = 1\n`);
    const site = {
      config,
      configFile: desk.configFile,
      now: Date.now,
      firstStageHosts: [`localhost:${port}`],
      registrars: ['localhost'],
    };
    const verdicts = await checkSite(site, ['dns', 'http', 'tls', 'clock']);
    expect(verdicts.map(({ area, state }) => `${area} ${state}`)).toEqual([
      'dns ok',
      'dns ok',
      'http problem',
      'tls problem',
      'clock problem',
    ]);
    expect(verdicts.map(({ text }) => text).join('\n')).toMatch(
      /via: 1\.1 corp[\s\S]*localhost port 1 cannot be reached[\s\S]*3600 s ahead/,
    );
  });
});
