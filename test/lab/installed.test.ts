/** The Debian package on a machine that systemd boots: units, users and rights as people will have them. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run, until, words } from '../support/command.ts';
import { whoMayReadWhat, whoReadsWhat, whoWritesWhat, writtenByOthers } from '../support/file-rights.ts';
import { asPage, bytes, curl, giveOrder, post, readEnd } from '../support/installed-page.ts';
import { openLab, type Lab, type Namespace } from '../support/namespaces.ts';
import { startLldpd } from '../support/switch.ts';
import { bootMachine, unitState, type Machine } from '../support/systemd-machine.ts';

const parts = ['dhcp', 'provisioning', 'rtp', 'sip', 'location', 'web'];

const settings = `[site]
address = "10.66.0.1"
[dhcp]
mode = "server"
interface = "eth0"
subnet = "10.66.0.0/24"
pool = ["10.66.0.100", "10.66.0.150"]
probe_seconds = 0
[location]
interface = "eth0"
[web]
socket = "/run/gatehouse/web.sock"
`;

let lab: Lab;
let machine: Machine;
let phone: Namespace;

beforeAll(async () => {
  lab = openLab();
  const box = await lab.namespace('box');
  phone = await lab.namespace('phone');
  await lab.wire(
    { namespace: box, card: 'eth0' },
    { namespace: phone, card: 'eth0', mac: '80:5e:c0:00:00:01' },
  );
  await box.exec(['ip', 'addr', 'add', '10.66.0.1/24', 'dev', 'eth0']);
  for (const { exec } of [box, phone]) await exec(['ip', 'link', 'set', 'eth0', 'up']);
  const built = await run(['npm', 'run', '--silent', 'deb', '--', lab.directory], {
    timeoutMs: 120_000,
    environment: { ...process.env, SOURCE_DATE_EPOCH: '1793491200' },
  });
  machine = await bootMachine({
    lab,
    namespace: box,
    package: built.trim(),
    files: { '/etc/gatehouse/gatehouse.toml': settings },
    prepare: ['gatehouse config check', 'gatehouse units'],
  });
  await machine.exec(['systemctl', 'start', 'gatehouse.target']);
});

afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

const unit = async (part: string) => await unitState(machine, `gatehouse@${part}.service`);

async function pids(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const part of parts) found[part] = (await unit(part)).pid;
  return found;
}

/** Another process of the part than this one, ready. */
async function comesBack(part: string, before: string): Promise<boolean> {
  const isBack = async () => {
    const { state, pid } = await unit(part);
    return state === 'active' && pid !== '0' && pid !== before;
  };
  return await until(`${part} to come back`, isBack, { timeoutMs: 60_000 });
}

it('every part comes to work as a user of its own', async () => {
  for (const part of parts) {
    const { state, pid } = await unit(part);
    const owner = (await machine.shell(`stat -c %U:%G /proc/${pid}`)).trim();
    expect({ part, state, owner }).toEqual({ part, state: 'active', owner: `gatehouse-${part}:gatehouse` });
  }
});

it('a phone gets its address, and its first answer from the provisioning proxy', async () => {
  const script = '/etc/udhcpc/default.script';
  await phone.exec(['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-s', script, '-V', 'yealink']);
  const agent = 'Yealink SIP-T46S 66.86.0.15 80:5e:c0:00:00:01';
  const asked = ['-A', agent, 'http://10.66.0.1/805ec0000001.cfg'];
  const told = await phone.exec([...words('curl -s --max-time 30 -o /dev/null -w %{http_code}'), ...asked]);
  // There is no cloud here: told to trust the box, or to come again, once the outage is known.
  expect(told).toMatch(/^(?:200|503)$/);
  expect(await machine.shell('gatehouse status || true')).toContain('1 of 51 leased');
});

it('each user reads the facts of all parts, its own secrets and nobody else’s', async () => {
  const readable = await machine.shell(whoReadsWhat);
  const files = (await machine.shell('cat /tmp/files')).trim().split('\n');
  expect(readable.trim().split('\n').toSorted()).toEqual(whoMayReadWhat(files).toSorted());
  expect(files.some((file) => file.endsWith('.secret.db'))).toBe(true);
  expect(files).toContain('authority/1/ca.key');
});

it('each user writes what is its own, and no file or folder of anybody else', async () => {
  const writable = await machine.shell(whoWritesWhat);
  expect(writable).toContain('gatehouse-web web/web.db\n');
  expect(writtenByOthers(writable)).toEqual([]);
});

it('nobody but the part can change what is its own', async () => {
  const writable = await machine.shell(
    parts
      .map(
        (part) => `setpriv --reuid=gatehouse-${part} --regid=gatehouse --clear-groups sh -c '
          for folder in /var/lib/gatehouse/* /var/cache/gatehouse/* /etc/gatehouse /usr/lib/gatehouse; do
            if [ -w "$folder" ]; then echo "${part} $folder"; fi; done'`,
      )
      .join('\n'),
  );
  expect(writable.trim().split('\n')).toEqual(
    parts.flatMap((part) => [`${part} /var/lib/gatehouse/${part}`, `${part} /var/cache/gatehouse/${part}`]),
  );
});

it('no unit is more exposed than 1.3, by the reckoning of systemd-analyze', async () => {
  const table = await machine.exec(['systemd-analyze', 'security', '--no-pager']);
  const scores = new Map<string, number>();
  for (const line of table.split('\n')) {
    const [, name, score] = /^gatehouse(?:@|-)(\w+)(?:@\S+)?\.service +(\d+\.\d) /.exec(line) ?? [];
    if (name !== undefined) scores.set(name, Number(score));
  }
  const lenders = ['capture', 'kernel'];
  expect([...scores.keys()]).toEqual(expect.arrayContaining([...parts, ...lenders]));
  const exposed = [...parts, ...lenders].filter((name) => !((scores.get(name) ?? 10) <= 1.3));
  expect(exposed, table).toEqual([]);
});

it('the parts that read what strangers send have no right of their own, not even to listen', async () => {
  for (const part of parts) {
    const { pid } = await unit(part);
    const rights = await machine.shell(
      `grep -E "^Cap(Eff|Prm|Amb|Bnd)" /proc/${pid}/status | cut -f 2 | sort -u`,
    );
    expect({ part, rights }).toEqual({ part, rights: '0000000000000000\n' });
  }
});

it('the kernel relays media for a part that only borrows the right', async () => {
  expect(await machine.exec(['nft', 'list', 'table', 'netdev', 'gatehouse_media'])).toContain('hook ingress');
  expect(await machine.exec(['cat', '/proc/sys/net/ipv4/ip_forward']), 'it forwards nothing').toBe('0\n');
  const lent = await machine.shell('ps -e -o user:40=,args= | grep -E "nft -i|nflog:7170"');
  expect(lent).toMatch(/^gatehouse-kernel +nft -i$/m);
  expect(lent).toMatch(/^gatehouse-kernel +tcpdump .* nflog:7170 /m);
});

it('a neighbour’s LLDP is heard by a part that only borrows the right', async () => {
  await using _neighbor = await startLldpd(phone, join(lab.directory, 'lldpd'), {
    flags: ['-M', '3', '-I', 'eth0', '-C', 'eth0'],
    commands: [],
  });
  const frames = async () => {
    const status = await machine.shell('gatehouse status --json || true');
    const { parts: seen } = JSON.parse(status) as {
      parts: { name: string; counters: { frames?: number } }[];
    };
    return seen.find(({ name }) => name === 'location')?.counters.frames || undefined;
  };
  expect(await until('a frame', frames, { timeoutMs: 30_000, everyMs: 500 })).toBeGreaterThan(0);
  expect(await machine.shell('ps -e -o user:40=,args= | grep "tcpdump.*eth0"')).toMatch(
    /^gatehouse-capture +tcpdump /m,
  );
});

it('with the firewall on, a phone still gets its address', async () => {
  await machine.exec(['systemctl', 'start', 'gatehouse-firewall']);
  const before = await machine.exec(['nft', 'list', 'table', 'inet', 'gatehouse_base']);
  expect(before).toContain('policy drop');
  await phone.exec(['ip', 'addr', 'flush', 'dev', 'eth0']);
  await phone.exec(['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-V', 'yealink']);
  expect(await phone.exec(['ip', '-4', '-o', 'addr', 'show', 'eth0'])).toMatch(/inet 10\.66\.0\.1\d\d\//);
});

it('settings that can not be read leave the rules of before in force', async () => {
  const rules = async () => await machine.exec(['nft', '-s', 'list', 'table', 'inet', 'gatehouse_base']);
  const before = await rules();
  await machine.shell(
    'cd /etc/gatehouse && cp gatehouse.toml saved.toml && echo "no = settings [" >>gatehouse.toml',
  );
  await expect(machine.exec(['systemctl', 'reload', 'gatehouse-firewall'])).rejects.toThrow('failed');
  expect(await rules()).toBe(before);
  await machine.shell('cd /etc/gatehouse && cp saved.toml gatehouse.toml && rm saved.toml');
  await machine.exec(['systemctl', 'reload', 'gatehouse-firewall']);
  expect(await rules()).toBe(before);
});

it('a part that is killed comes back, and no other notices', async () => {
  for (const part of ['dhcp', 'sip', 'rtp']) {
    const before = await pids();
    await machine.shell(`kill -9 ${before[part]}`);
    await comesBack(part, before[part] ?? '');
    const after = await pids();
    expect({ ...after, [part]: '' }).toEqual({ ...before, [part]: '' });
  }
});

it('a part that hangs is killed and started again', async () => {
  // Here alone: a busy machine may keep a part that is well waiting for longer.
  const folder = '/run/systemd/system/gatehouse@web.service.d';
  const anew = 'systemctl daemon-reload && systemctl restart gatehouse@web';
  await machine.shell(`mkdir ${folder}; printf '[Service]\\nWatchdogSec=5\\n' >${folder}/5s.conf; ${anew}`);
  const { pid } = await unit('web');
  await machine.shell(`kill -STOP ${pid}`);
  expect(await comesBack('web', pid)).toBe(true);
  await machine.shell(`rm -r ${folder}; ${anew}`);
});

const said = (command: string) => `echo "correct horse battery staple" | gatehouse ${command} /root/box`;

it('backed up, wiped and restored, it is the same box to its phones', async () => {
  const state = async () => ({
    authority: await machine.exec(['gatehouse', 'authority']),
    files: await machine.shell(
      'cd /var/lib/gatehouse && find . -name "*.db" ! -name "*.telemetry.db" -o -name "*.key" -o -name "*.pem" | sort | xargs stat -c "%n %U:%G %a"',
    ),
  });
  const before = await state();
  await machine.shell(said('backup'));
  await expect(machine.shell(said('restore'))).rejects.toThrow(/ran a moment ago/);
  await machine.shell(
    'systemctl stop gatehouse.target; rm -r /var/lib/gatehouse /etc/gatehouse/gatehouse.toml',
  );
  await machine.shell(`${said('restore')} && rm /root/box && systemctl start gatehouse.target`);
  expect(await state()).toEqual(before);
  for (const part of parts) await comesBack(part, '');
  expect(await machine.shell('gatehouse leases')).toContain('80:5e:c0:00:00:01');
});

it('an order that the page writes down wakes root, and the page can read what came of it', async () => {
  const id = (await machine.shell(asPage(giveOrder))).trim();
  const ended = async () => (await machine.shell(asPage(readEnd, id))).includes('does not know how');
  expect(await until('the order to be answered', ended, { timeoutMs: 30_000 })).toBe(true);
  expect(
    await machine.shell('ls /var/lib/gatehouse/web; stat -c %U:%G /var/lib/gatehouse/box/box.db'),
  ).toMatch(/^(?![^]*orders-wait)[^]*root:gatehouse/);
});

it('the code of a new box is shown to root, and stays the page’s own', async () => {
  const code = (await machine.exec(['gatehouse', 'setup-code'])).trim();
  expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
  const secrets = await machine.shell('stat -c "%U %a" /var/lib/gatehouse/web/web.secret.db');
  expect(secrets.trim()).toBe('gatehouse-web 600');
  expect(await machine.shell('journalctl --no-pager 2>&1 || true')).not.toContain(code);
});

async function ordered(path: string, body: object): Promise<string> {
  const answer = await machine.shell(post(path, body));
  const { order: id } = JSON.parse(answer) as { order?: string };
  if (id === undefined) throw new Error(answer);
  const outcome = async () => await machine.shell(asPage(readEnd, id));
  const isEnded = async () => /"state":"(?!running)/.test(await outcome());
  await until(`the end of ${path}`, isEnded, { timeoutMs: 60_000 });
  expect(await outcome()).toContain('"state":"done"');
  return id;
}

const password = 'correct horse battery';

it('firmware goes through the page into the folder of another user, beside what root put there', async () => {
  const code = (await machine.exec(['gatehouse', 'setup-code'])).trim();
  await machine.shell(post('/api/setup', { code, password }));
  const about = { model: 'T46S', release: '66.86.5.1', name: 'T46S.rom', bytes: 9 };
  await machine.shell(
    'printf "firmware\\n" > /root/T46S.rom; gatehouse firmware add /root/T46S.rom --model T46S --release 66.85.0.5',
  );
  const begun = JSON.parse(await machine.shell(post('/api/firmware/uploads', about))) as { upload: string };
  const path = `/api/firmware/uploads/${begun.upload}`;
  expect(await machine.shell(curl(`${path}?offset=0`, bytes('T46S.rom')))).toBe('{"bytes":9}');
  await ordered(`${path}/put`, {});
  const owners = 'cd /var/lib/gatehouse/provisioning && stat -c "%n %U:%G" firmware/yealink/T46S/*/T46S.rom';
  expect((await machine.shell(owners)).trim().split('\n')).toEqual([
    'firmware/yealink/T46S/66.85.0.5/T46S.rom gatehouse-provisioning:gatehouse',
    'firmware/yealink/T46S/66.86.5.1/T46S.rom gatehouse-provisioning:gatehouse',
  ]);
  await ordered('/api/firmware/pause', {});
  expect(await machine.shell(curl('/api/firmware'))).toContain('"paused":true');
});

it('through the page settings are changed, files put in and questions asked, by root’s side in its cage', async () => {
  const loaded = async () =>
    JSON.parse(await machine.shell(curl('/api/settings'))) as { toml: string; read: string; names: string[] };
  const { toml, read } = await loaded();
  const put = async (key: string, name: string) =>
    await ordered('/api/settings/file', { key, name, text: 'what is in this file' });
  await put('web.metrics_token_file', 'm.token');
  await put('site.extra_ca_file', 'ca.pem');
  const changed = `${toml.replace('[site]', '[site]\nname = "caged"')}metrics_token_file = "/etc/gatehouse/m.token"\n`;
  await ordered('/api/settings', { toml: changed, read });
  expect(await loaded()).toMatchObject({ toml: changed, names: ['ca.pem', 'm.token'] });
  const rights = 'cd /etc/gatehouse && stat -c "%n %U:%G %a" gatehouse.toml m.token ca.pem';
  expect((await machine.shell(rights)).trim().split('\n')).toEqual([
    'gatehouse.toml root:gatehouse 640',
    'm.token gatehouse-web:gatehouse 600',
    'ca.pem root:gatehouse 640',
  ]);
  const sees = /gatehouse\.toml is good[^]*no other DHCP server answers on eth0|Poly phones +10\.66\.0\.1 /;
  for (const question of ['check', 'probe-dhcp'])
    expect(await machine.shell(curl(`/api/orders/${await ordered('/api/ask', { question })}`))).toMatch(sees);
  expect(await machine.shell(post('/api/drill', { phones: 'all', minutes: 1 }))).toContain('no internet');
  await ordered('/api/numbers', { csv: 'extension,phone\n101,805ec0000001\n' });
  expect(await machine.shell('stat -c %U /var/lib/gatehouse/web/*')).toMatch(/^(?:gatehouse-web\n)+$/);
});

it('through the page it is backed up, and made what it was, by root’s side in its cage', async () => {
  const passphrase = 'a passphrase for backups';
  await ordered('/api/backup', { passphrase });
  await machine.shell(curl('/api/backup', '-o /root/box'));
  expect(await machine.shell(curl('/api/restore/upload?offset=0', bytes('box')))).toContain('"bytes"');
  const before = await pids();
  await ordered('/api/restore', { passphrase, password });
  for (const part of parts) await comesBack(part, before[part] ?? '');
  expect(await machine.shell('gatehouse leases')).toContain('80:5e:c0:00:00:01');
  const left = await machine.shell(
    'ls /var/lib; stat -c %U:%G /var/lib/gatehouse/box /var/lib/gatehouse/web',
  );
  expect(left).toMatch(/^(?![^]*\.before-)[^]*root:gatehouse\ngatehouse-web:gatehouse/);
  await machine.shell('rm /root/box /root/jar');
});

it('purged, the package leaves nothing behind but its users', async () => {
  await machine.shell('systemctl stop gatehouse.target; dpkg --purge gatehouse');
  const left = await machine.shell(
    'find /etc /usr /var -name "*gatehouse*" -print; systemctl list-units --no-legend --all "gatehouse*"',
  );
  expect(left.trim().split('\n').filter(Boolean)).toEqual([]);
});
