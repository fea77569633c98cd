/** Who has which address and what it was told, and whom DHCP refused something. */
import { agoElement, byId, element, fill, foreign } from './elements.js';
import { addressState, count, latencyText, plain, toldParts } from './words.js';

/** Rows at first, and so many more at each wish. */
const step = 50;
const most = 1000;
/** A network that boots has news many times a second. */
const restMs = 1000;

/** `load` fetches JSON. `told` is given each status, `changed` called when there may be news. */
export function openLeases(load) {
  let wanted = step;
  let isWaiting = false;
  const draw = async () => {
    const [page, { refusals }] = await Promise.all([
      load(`/api/leases?limit=${wanted}`),
      load('/api/refusals?limit=20'),
    ]);
    drawAddresses(page, wanted);
    drawRefusals(refusals);
  };
  const changed = () => {
    if (isWaiting || byId('leases').hidden) return;
    isWaiting = true;
    setTimeout(() => {
      isWaiting = false;
      // The next news tries again, and the top of the page says when the box is away.
      draw().catch(() => undefined);
    }, restMs);
  };
  byId('leases-more').addEventListener('click', () => {
    wanted = Math.min(most, wanted + step);
    changed();
  });
  return {
    changed,
    told: ({ dhcp }) => {
      const wasHidden = byId('leases').hidden;
      byId('leases').hidden = dhcp.mode === 'off';
      byId('leases-latency').textContent = latencyText(dhcp.latency);
      if (wasHidden) changed();
    },
  };
}

function drawAddresses({ addresses, total, next }, wanted) {
  byId('leases-empty').hidden = addresses.length > 0;
  byId('leases-more').hidden = next === undefined || wanted >= most;
  const shown = next === undefined ? '' : `the first ${addresses.length} of `;
  byId('leases-summary').textContent = total === 0 ? '' : `${shown}${count(total, 'address', 'addresses')}`;
  fill(byId('lease-rows'), addresses.map(addressRow));
}

function addressRow(address) {
  const row = element(
    'tr',
    '',
    cell('th', undefined, [element('span', 'mono', foreign(address.ip)), muted(address.network)]),
    cell('td', 'Device', deviceCell(address)),
    cell('td', 'Lease', leaseCell(address)),
    cell('td', 'What it was told', toldCell(address)),
    cell('td', 'Port (option 82)', portCell(address)),
  );
  row.setAttribute('role', 'row');
  row.dataset.ip = address.ip;
  return row;
}

function cell(name, label, children) {
  const made = element(name, '', ...children);
  made.setAttribute('role', name === 'th' ? 'rowheader' : 'cell');
  if (label !== undefined) made.dataset.label = label;
  return made;
}

function deviceCell({ mac, vendorName, vendorClass, hostname }) {
  return [
    element('span', '', foreign(vendorName ?? 'Not a known phone')),
    element('span', 'mono', foreign(mac)),
    muted(hostname),
    muted(vendorClass),
  ];
}

function leaseCell(address) {
  const { text, tag } = addressState(address);
  const isOver = address.state === 'ended';
  const until = new Date(address.expiresAt).toLocaleString();
  return [
    element('span', `tag ${tag}`, plain(text)),
    muted(`${isOver ? 'ended' : 'until'} ${until}`),
    address.ackedAt === undefined
      ? undefined
      : element('span', 'muted', 'last asked ', agoElement(address.ackedAt)),
  ];
}

function toldCell({ sent }) {
  const { urls, rest } = toldParts(sent);
  if (urls.length === 0 && rest === '') return [element('span', 'muted', 'Nothing')];
  return [...urls.map((url) => element('span', '', foreign(url))), muted(rest)];
}

function portCell({ circuitId, remoteId, relay }) {
  if (circuitId === undefined && remoteId === undefined && relay === undefined)
    return [element('span', 'muted', 'Not told')];
  return [
    circuitId === undefined ? undefined : element('span', '', foreign(circuitId)),
    muted(remoteId),
    muted(relay && `relay ${relay}`),
  ];
}

function muted(text) {
  return text === undefined || text === '' ? undefined : element('span', 'muted', foreign(text));
}

function drawRefusals(refusals) {
  byId('refusals').hidden = refusals.length === 0;
  fill(byId('refusal-rows'), refusals.map(refusalRow));
}

function refusalRow({ mac, ip, words, until, count: times }) {
  const who = [mac, ip, times > 1 ? `${times} times` : undefined].filter(Boolean).join(' · ');
  return element(
    'li',
    '',
    agoElement(until),
    element('span', 'what', element('span', '', foreign(words)), muted(who)),
  );
}
