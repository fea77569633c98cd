/** Facts as words. Pure: no document, no clock of its own. */

/** What came off the network as something a person can look at: control and direction characters show as dots. */
export function plain(text) {
  return String(text).replace(/[\p{Cc}\u061C\u200B-\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu, '·');
}

/** The steps of the walk, by posture; the key is the API's name of the stage. */
export const stepsOf = {
  assist: ['leased', 'placed'],
  provision: ['leased', 'configured', 'placed'],
  full: ['leased', 'configured', 'registered', 'placed'],
};

export const stepNames = {
  leased: 'Address',
  configured: 'Settings',
  registered: 'Registered',
  placed: 'Placed',
};

export const stageNames = {
  seen: 'Seen, no address now',
  leased: 'Has an address',
  configured: 'Has its settings',
  registered: 'Registered',
  placed: 'Ready',
  'in call': 'In a call',
};

export const partNames = {
  dhcp: 'DHCP',
  provisioning: 'Provisioning',
  sip: 'SIP',
  rtp: 'Media',
  location: 'Location',
  cloud: 'Cloud',
  web: 'Page and API',
};

/** In assist the box sees no registration: the last step is only what it says. */
export function stageName(stage, posture) {
  if (stage === 'placed' && posture !== 'full') return 'Place known';
  return stageNames[stage] ?? plain(stage);
}

export function poolUse({ addresses, bound, setAside }) {
  return `${bound} of ${addresses} leased${setAside === 0 ? '' : `, ${setAside} in use by something else`}`;
}

export function otherServer({ address, card, isKnown, isPresent, url }) {
  const told = url === undefined ? '' : `, sends phones to ${plain(url).slice(0, 80)}`;
  return `${plain(address)} on ${plain(card)}: ${isKnown ? 'known' : 'unknown'}, ${isPresent ? 'answers' : 'silent now'}${told}`;
}

/** How an address is held, and the look of its tag. */
export function addressState({ state, evidence, server }) {
  if (state === 'in use') return { text: 'In use without a lease', tag: 'problem' };
  if (state === 'declined') return { text: 'Declined: something else uses it', tag: 'notice' };
  if (state === 'ended') return { text: 'Ended', tag: 'ended' };
  if (evidence === 'relayed') return { text: `Leased by ${plain(server)}`, tag: 'call' };
  if (evidence === 'informed') return { text: 'By its own word', tag: 'call' };
  return { text: 'Leased', tag: 'call' };
}

/** What phones go by comes first; of the rest, number and value. */
export function toldParts(sent) {
  const told = Object.entries(sent).map(([code, value]) => ({ code, value: plain(value).slice(0, 120) }));
  const rest = told.filter((option) => !isWebAddress(option));
  return {
    urls: told.filter(isWebAddress).map(({ code, value }) => `${value} (option ${code})`),
    rest: rest.map(({ code, value }) => `${optionName(code)} ${optionText(code, value)}`).join(', '),
  };
}

function isWebAddress({ value }) {
  return /^https?:/i.test(value);
}

/** Half of all clients wait no longer than the first, 99 of 100 no longer than the second. */
export function latencyText(latency) {
  if (latency === undefined) return '';
  const [half, most] = [latency.p50Microseconds, latency.p99Microseconds].map(
    (microseconds) => `${(microseconds / 1000).toFixed(1)} ms`,
  );
  return `answered within ${half}, 99 of 100 within ${most}`;
}

export function phoneName({ vendorName, model }) {
  return plain([vendorName, model].filter(Boolean).join(' ') || 'Phone');
}

/** `Firmware 66.86.5.1, approved`; nothing is said of what nobody knows. */
export function firmwareName({ firmware, firmwareState = 'unknown' }) {
  return plain(`Firmware ${firmware}${firmwareState === 'unknown' ? '' : `, ${firmwareState}`}`);
}

/** Who a SIP address is, for people: `sip:+4930111@example.com;transport=tls` as `+4930111`. */
export function uriName(uri) {
  const [address = ''] = plain(uri)
    .replace(/^sips?:/i, '')
    .split(/[;?]/);
  return address.replace(/(.)@.*$/, '$1');
}

/** Who calls whom; those who may not see it see which way. */
export function callEnds({ from, to, direction }) {
  return from === undefined ? `Call, ${plain(direction)}` : `${uriName(from)} → ${uriName(to)}`;
}

/** `14:05:09.123`: messages of a call are milliseconds apart. */
export function clockTime(at) {
  const time = new Date(at);
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  const shown = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return `${shown}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}

/** `12 registered, 1 silent, 2 without the cloud`. */
export function registrationsText({ registered, late, lost }) {
  const rest = [
    [late, 'silent'],
    [lost, 'without the cloud'],
  ].flatMap(([number, word]) => (number === 0 ? [] : [`${number} ${word}`]));
  return [`${registered} registered`, ...rest].join(', ');
}

/** `switch-1, port 8`; switches that call their ports `port8` don't say it twice. */
export function portName({ switchName, chassis, port }) {
  return `${plain(switchName ?? chassis ?? 'Switch')}, ${/^port/i.test(port) ? '' : 'port '}${plain(port)}`;
}

/** `4 min ago`; the future, from a clock that differs, counts as now. */
export function ago(at, now) {
  const seconds = Math.max(0, Math.round((now - at) / 1000));
  if (seconds < 5) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} days ago`;
}

const countdownNames = {
  'bulk-new': 'Bulk sign-in of a new phone (72 hours)',
  'bulk-signed-out': 'Bulk sign-in after the sign-out (168 hours)',
  'unseen-signed-in': 'The cloud drops a signed-in phone that it has not seen (30 days)',
  'unseen-signed-out': 'The cloud drops a phone that is not signed in and that it has not seen (14 days)',
};

export function countdownName(kind) {
  return countdownNames[kind] ?? plain(kind);
}

/** `2 d 3 h left`, `5 h 12 min left`, `over`. */
export function countdownText(endsAt, now) {
  const minutes = Math.ceil((endsAt - now) / 60_000);
  if (minutes <= 0) return 'over';
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  return days > 0 ? `${days} d ${hours} h left` : `${hours} h ${minutes % 60} min left`;
}

/** `1:05` or `1:02:05` */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, at) => (at === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

/** `switch_unreachable` as `Switch unreachable`. */
export function sentence(kind) {
  const words = plain(kind).replace(/_/g, ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Numbers of calls and media sessions tie rows together for programs; people have the time and the phone. */
const forPrograms = ['call', 'session'];

/** Phones in which each word stands somewhere, in what people see of them. */
export function searched(text, phones) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return phones;
  return phones.filter((phone) => {
    const { aor, stage, posture, firmware, hostname, switchName, port, problem } = phone;
    const shown = [
      phoneChoice(phone),
      aor,
      stageName(stage, posture),
      firmware,
      hostname,
      switchName,
      port,
      problem,
    ];
    const seen = shown.filter(Boolean).join(' ').toLowerCase();
    return words.every((word) => seen.includes(word));
  });
}

/** `Times are those of Europe/Berlin (GMT+1)`: this browser's, wherever the box is. */
export function timesText(now) {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'shortOffset' }).formatToParts(now);
  return `Times are those of ${timeZone} (${parts.find(({ type }) => type === 'timeZoneName')?.value})`;
}

/** The time alone for what happened today, with its date otherwise. */
export function whenText(at, now) {
  const [then, today] = [at, now].map((ms) => new Date(ms).toLocaleDateString());
  const time = new Date(at).toLocaleTimeString();
  return then === today ? time : `${then}, ${time}`;
}

/** A phone in a list to choose from: what people know it by comes first. */
export function phoneChoice({ aor, place, vendorName, model, mac, ip }) {
  const [user, ...rest] = [
    aor && uriName(aor),
    place,
    [vendorName, model].filter(Boolean).join(' '),
    mac,
    ip,
  ];
  return [user, ...rest].filter(Boolean).map(plain).join(', ');
}

/** What is ordered on the page, by the name that it has there. */
export const orderNames = {
  'adopt.move': 'A wave of phones',
  'backup.take': 'Backup',
  'box.ask': 'A question',
  'data.anew': 'Data disk begun anew',
  'data.repair': 'Data disk repaired',
  'network.apply': 'Network changed',
  'network.confirm': 'Network confirmed',
  'numbers.import': 'List of numbers',
  'reset.factory': 'Factory reset',
  'restore.put': 'Backup put back',
  'settings.change': 'Settings changed',
  'settings.check': 'Settings checked',
  'settings.file': 'File put in',
  'settings.write': 'First settings',
  'template.check': 'Template checked',
  'template.put': 'Template put in',
  'template.remove': 'Template removed',
  'update.allow-older': 'Older releases allowed',
  'update.apply': 'Release installed',
  'update.look': 'Looked for a release',
  'update.offer': 'Release looked at',
  'update.put': 'Release put in',
};

/** DHCP options that phones are told, and what their numbers count. */
const optionNames = {
  1: 'Subnet mask',
  2: 'Time offset',
  3: 'Router',
  6: 'Name servers',
  15: 'Domain',
  42: 'Time server',
  43: 'Vendor options',
  51: 'Lease time',
  58: 'Renews after',
  59: 'Asks any server after',
  66: 'Provisioning server',
  160: 'Provisioning server',
};
const inSeconds = ['2', '51', '58', '59'];

/** `Time server (option 42)`. */
export function optionName(code) {
  return optionNames[code] === undefined ? `Option ${code}` : `${optionNames[code]} (option ${code})`;
}

/** `3600 s`; addresses and names as they are. */
export function optionText(code, value) {
  return inSeconds.includes(String(code)) && /^-?\d+$/.test(value) ? `${value} s` : plain(value);
}

/** The fields of a journal row as `ip 10.66.0.101, vendor yealink`. */
export function fields(body) {
  return Object.entries(body ?? {})
    .filter(([name, value]) => value !== null && value !== '' && !forPrograms.includes(name))
    .map(([name, value]) => `${sentence(name).toLowerCase()} ${isUri(value) ? uriName(value) : plain(value)}`)
    .join(', ');
}

function isUri(value) {
  return /^sips?:/i.test(value);
}

/** The headline over everything. */
export function verdict(troubles) {
  const problems = troubles.filter(({ severity }) => severity === 'problem').length;
  if (problems > 0)
    return { state: 'problem', text: problems === 1 ? 'One thing is wrong' : `${problems} things are wrong` };
  if (troubles.length > 0) {
    return {
      state: 'notice',
      text: troubles.length === 1 ? 'One thing to look at' : `${troubles.length} things to look at`,
    };
  }
  return { state: 'ok', text: 'Everything works' };
}

export function partState({ isWanted, isRunning, health }) {
  if (!isWanted && !isRunning) return { state: 'off', text: 'Turned off' };
  if (!isRunning) return { state: 'stopped', text: 'Not running' };
  if (health?.state === 'failed') return { state: 'failed', text: 'Does not work' };
  if (health?.state === 'degraded') return { state: 'degraded', text: 'Something missing' };
  return { state: 'ok', text: 'Works' };
}

export const postures = {
  assist: 'assist: addresses and places only',
  provision: 'provision: settings too',
  full: 'full: calls too',
};

export function count(number, one, many) {
  return number === 1 ? `1 ${one}` : `${number} ${many}`;
}

/** What a start of all parts does to those who talk; empty: nobody does. */
export function callsAtStake({ up, ringing }) {
  const ofEach = [
    up > 0 && `${count(up, 'call is', 'calls are')} up and may fall silent until the parts run again`,
    ringing > 0 && count(ringing, 'call rings and is lost', 'calls ring and are lost'),
  ].filter(Boolean);
  return ofEach.length === 0 ? '' : `${ofEach.join(', ')}.`;
}

/** What keeps the chosen files from being the ones that a release consists of; empty: nothing does. */
export function missingFiles(expected, chosen) {
  const problems = expected.flatMap(({ name, bytes }) => {
    const file = chosen.find((one) => one.name === name);
    if (file === undefined) return [`${plain(name)} is not among the chosen files`];
    return file.size === bytes ? [] : [`${plain(name)} has ${file.size} bytes, its release says ${bytes}`];
  });
  return problems.length === 0 ? '' : `${problems.join('; ')}.`;
}

/** By this browser's days, the oldest first; days without calls are there too, those before `since` are not. */
export function callsOfDays(hours, { since, now }) {
  const days = new Map();
  // By noon: some days have 23 or 25 hours.
  for (let noon = dayOf(since) + 43_200_000; dayOf(noon) <= dayOf(now); noon += 86_400_000)
    days.set(dayOf(noon), { at: dayOf(noon), calls: 0, failed: 0 });
  for (const { at, calls, failed } of hours) {
    const day = days.get(dayOf(at));
    if (day === undefined) continue;
    day.calls += calls;
    day.failed += failed;
  }
  return [...days.values()];
}

function dayOf(at) {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** `Mon 24 Nov: 12 calls, 1 failed`. */
export function dayText({ at, calls, failed }) {
  const day = new Date(at).toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
  return `${day}: ${count(calls, 'call', 'calls')}${failed === 0 ? '' : `, ${failed} failed`}`;
}

/** What the bars add up to. */
export function daysText(days) {
  const sum = (name) => days.reduce((total, day) => total + day[name], 0);
  const failed = sum('failed');
  return `${count(sum('calls'), 'call', 'calls')} in ${count(days.length, 'day', 'days')}, ${failed === 0 ? 'none' : failed} of them failed`;
}
