/** `gatehouse check` in a network of its own: real name server, real DHCP server, real TLS, and what stands in the way. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { until, words } from '../support/command.ts';
import { startDns } from '../support/dns.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { newTestAuthority } from '../support/sip-certificates.ts';

const root = join(import.meta.dirname, '../..');
const outside = '203.0.113.9';
const service = ['emea.ipp', 'obsbc-emea', 'mainsbc-emea'].map((name) => `${name}.sdg.teams.microsoft.com`);

let lab: Lab;
let box: Namespace;
let upstream: Namespace;
let configFile: string;
/** Without dhcp.ntp_servers. */
let askTheBoxFile: string;

interface Report {
  readonly ready: boolean;
  readonly verdicts: readonly { area: string; state: string; text: string }[];
}

/** Runs the command inside the box's namespace, as root. */
async function check(...areas: string[]): Promise<Report> {
  return await checkWith(configFile, ...areas);
}

async function checkWith(settings: string, ...areas: string[]): Promise<Report> {
  const command = [process.execPath, join(root, 'appliance/main.ts'), 'check', ...areas];
  const output = await box.exec([...command, '--json', '--config', settings], {
    anyExitCode: true,
    timeoutMs: 30_000,
  });
  return JSON.parse(output) as Report;
}

const asNobody = words('setpriv --reuid=65534 --regid=65534 --clear-groups');
/** RFC 4330: version 4, mode server, stratum 2, the request's time sent back, and the time. */
const timeServer = `
const socket = require('dgram').createSocket('udp4').bind(123);
socket.on('message', (request, from) => {
  const answer = Buffer.alloc(48);
  answer[0] = 0x24;
  answer[1] = 2;
  request.copy(answer, 24, 40, 48);
  const now = Date.now();
  answer.writeUInt32BE(Math.floor(now / 1000) + 2208988800, 40);
  answer.writeUInt32BE(Math.floor(((now % 1000) / 1000) * 2 ** 32), 44);
  socket.send(answer, from.port, from.address);
});`;

const batch = (lines: readonly string[]) => ({ input: `${lines.join('\n')}\n` });

beforeAll(async () => {
  lab = openLab();
  box = await lab.namespace('box', { nameserver: outside });
  upstream = await lab.namespace('upstream');
  await lab.wire({ namespace: box, card: 'eth0' }, { namespace: upstream, card: 'eth0' });
  await box.exec(
    words('ip -batch -'),
    batch(['addr add 10.77.0.1/24 dev eth0', 'link set eth0 up', 'route add default via 10.77.0.9']),
  );
  await upstream.exec(
    words('ip -batch -'),
    batch(['addr add 10.77.0.9/24 dev eth0', `addr add ${outside}/32 dev lo`, 'link set eth0 up']),
  );
  await startDns(upstream, {
    address: outside,
    names: Object.fromEntries(service.map((name) => [name, outside])),
    logFile: join(lab.directory, 'dns.log'),
  });
  const authority = newTestAuthority(lab.directory);
  const identity = authority.issue(service.map((name) => `DNS:${name}`));
  const file = (name: string, content: string) => {
    writeFileSync(join(lab.directory, name), content);
    return join(lab.directory, name);
  };
  const pem = ['-key', file('key.pem', identity.key), '-cert', file('cert.pem', identity.cert)];
  upstream.start(['openssl', 's_server', '-accept', `${outside}:5061`, '-quiet', ...pem]);
  upstream.start([
    process.execPath,
    '-e',
    `require('http').createServer((q, s) => s.writeHead(404).end()).listen(80)`,
  ]);
  upstream.start([process.execPath, '-e', timeServer]);
  const settings =
    `[site]\naddress = "10.77.0.1"\nstate_directory = "${lab.directory}/state"\nextra_ca_file = "${file('ca.pem', authority.ca)}"\n` +
    `[dhcp]\nmode = "server"\nsubnet = "10.77.0.0/24"\npool = ["10.77.0.100", "10.77.0.199"]\n`;
  configFile = file('gatehouse.toml', `${settings}ntp_servers = ["10.77.0.9"]\n`);
  askTheBoxFile = file('ask-the-box.toml', settings);
  const listens = async () => {
    const sockets = await upstream.exec(words('ss -Hlnt'));
    const udp = await upstream.exec(words('ss -Hlnu'));
    return (/:80\b/.test(sockets) && /:5061\b/.test(sockets) && /:123\b/.test(udp)) || undefined;
  };
  await until('the stand-ins to listen', listens, { timeoutMs: 10_000 });
});

afterAll(async () => await lab[Symbol.asyncDispose]());

it('a site where nothing is in the way is ready', async () => {
  const { ready, verdicts } = await check();
  expect(verdicts.filter(({ state }) => state === 'problem')).toEqual([]);
  expect(ready).toBe(true);
  const texts = verdicts.map(({ state, text }) => `${state} ${text}`).join('\n');
  for (const name of service) expect(texts).toContain(`ok ${name} is ${outside}`);
  for (const name of service.slice(1))
    expect(texts).toContain(`ok ${name} port 5061 answers over TLS, certificate by Test CA`);
  expect(texts).toContain('ok no transparent proxy');
  expect(texts).toContain('ok no other DHCP server answers on eth0');
  expect(texts).toMatch(/ok the clock agrees with emea\.ipp/);
  expect(texts).toMatch(/ok the clock agrees with the time server 10\.77\.0\.9/);
  expect(texts).toMatch(/not tested UDP 49152 to 53247/);
});

it('phones that are sent to the box for the time, where nothing tells it, are a problem', async () => {
  const { ready, verdicts } = await checkWith(askTheBoxFile, 'clock');
  expect(ready).toBe(false);
  expect(verdicts.filter(({ state }) => state === 'problem').map(({ text }) => text)).toEqual([
    expect.stringMatching(/10\.77\.0\.1 port 123.*install one here/),
  ]);
});

it('another DHCP server on the phones network is found, with where it sends phones', async () => {
  const dhcp = upstream.start(
    words(
      'dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --pid-file= --user=root --interface=eth0 --bind-interfaces',
    ).concat(
      '--dhcp-range=10.77.0.50,10.77.0.60,1h',
      `--dhcp-leasefile=${lab.directory}/rogue.leases`,
      '--dhcp-option-force=160,http://old-pbx.example/',
    ),
  );
  await until(
    'dnsmasq to listen',
    async () => (await upstream.exec(words('ss -Hlnu'))).includes(':67') || undefined,
    { timeoutMs: 10_000 },
  );
  const { ready, verdicts } = await check('dhcp');
  expect(ready).toBe(false);
  expect(verdicts).toEqual([
    {
      area: 'dhcp',
      state: 'problem',
      text: 'another DHCP server, 10.77.0.9, answers on eth0, and sends phones to http://old-pbx.example/: turn one of the two off',
    },
  ]);
  await dhcp[Symbol.asyncDispose]();
});

it('a transparent proxy and a firewall that blocks signalling are found', async () => {
  await upstream.exec(words('nft -f -'), {
    input: `table ip way {
      chain proxy { type nat hook prerouting priority dstnat; ip daddr != ${outside} tcp dport 80 redirect to :80; }
      chain wall { type filter hook input priority filter; tcp dport 5061 reject; }
    }\n`,
  });
  const { verdicts } = await check('http', 'tls');
  const problems = verdicts.filter(({ state }) => state === 'problem').map(({ text }) => text);
  expect(problems).toEqual([
    expect.stringContaining('198.51.100.1 port 80 takes connections although nobody has that address'),
    expect.stringContaining(`${service[1]} port 5061 cannot be reached`),
    expect.stringContaining(`${service[2]} port 5061 cannot be reached`),
  ]);
  await upstream.exec(words('nft delete table ip way'));
});

it('a name server that is gone is told in seconds, not minutes', async () => {
  await upstream.exec(words('nft -f -'), {
    input:
      'table ip way { chain wall { type filter hook input priority filter; udp dport 53 drop; tcp dport 53 drop; }\n}\n',
  });
  const { verdicts } = await check('dns');
  expect(verdicts.map(({ state }) => state)).toEqual(['problem', 'problem', 'problem']);
  await upstream.exec(words('nft delete table ip way'));
});

it('without root the DHCP check says why it was not made', async () => {
  await box.exec(['chmod', '-R', 'a+rX', lab.directory]);
  const command = [...asNobody, process.execPath, join(root, 'appliance/main.ts')];
  const output = await box.exec([...command, 'check', 'dhcp', '--config', configFile], { anyExitCode: true });
  expect(output).toMatch(/^not tested +dhcp +other DHCP servers on eth0: only root may listen on port 68/m);
});

it('status without the right to read says so, not that the box is down', async () => {
  const state = join(lab.directory, 'state');
  mkdirSync(join(state, 'sip'), { recursive: true, mode: 0o755 });
  chmodSync(join(state, 'sip'), 0o700);
  for (const name of ['status', 'phones']) {
    const command = [
      ...asNobody,
      process.execPath,
      join(root, 'appliance/main.ts'),
      name,
      '--config',
      configFile,
    ];
    await expect(box.exec(command)).rejects.toThrow(
      `exit code 1: gatehouse: ${state}/sip: permission denied`,
    );
  }
});
