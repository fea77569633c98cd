/** The phones and how far each has come. */
import { agoElement, byId, element, fill, foreign } from './elements.js';
import {
  count,
  firmwareName,
  phoneName,
  portName,
  searched,
  stageName,
  stepNames,
  stepsOf,
  uriName,
} from './words.js';

/** Fewer are seen at a glance. */
const manyPhones = 10;

/** `state` is asked again at each key. */
export function openSearch(state) {
  byId('phones-search').addEventListener('input', () => drawPhones(state));
}

export function drawPhones(state) {
  const phones = [...state.phones.values()].toSorted((a, b) => (a.mac < b.mac ? -1 : 1));
  const inCall = phones.filter((phone) => phone.stage === 'in call').length;
  byId('phones-filter').hidden = phones.length < manyPhones;
  const wanted = searched(byId('phones-search').value, phones);
  byId('phones-empty').hidden = phones.length > 0;
  byId('phones-summary').textContent =
    phones.length === 0
      ? ''
      : `${wanted.length < phones.length ? `${wanted.length} of ` : ''}${count(phones.length, 'phone', 'phones')}, ${inCall} in a call`;
  const body = byId('phone-rows');
  const present = new Map([...body.children].map((row) => [row.dataset.mac, row]));
  for (const [at, phone] of wanted.entries()) {
    const row = drawPhone(phone, state.status, present.get(phone.mac));
    present.delete(phone.mac);
    if (body.children[at] !== row) body.insertBefore(row, body.children[at] ?? null);
  }
  for (const row of present.values()) row.remove();
}

function drawPhone(phone, status, row = newPhoneRow(phone.mac)) {
  const text = JSON.stringify([phone, status?.allowCleartext]);
  if (row.dataset.drawn === text) return row;
  if (row.dataset.drawn !== undefined) flash(row);
  row.dataset.drawn = text;
  const [name, progress, place, address] = row.children;
  fill(name, nameCell(phone, status));
  fill(progress, progressCell(phone));
  fill(place, placeCell(phone));
  fill(address, addressCell(phone));
  return row;
}

function newPhoneRow(mac) {
  const row = element('tr', '');
  row.setAttribute('role', 'row');
  row.dataset.mac = mac;
  for (const label of [undefined, undefined, 'Place', 'Address']) {
    const cell = element(label === undefined && row.children.length === 0 ? 'th' : 'td', '');
    cell.setAttribute('role', row.children.length === 0 ? 'rowheader' : 'cell');
    if (label !== undefined) cell.dataset.label = label;
    row.append(cell);
  }
  return row;
}

function flash(row) {
  row.classList.remove('fresh');
  requestAnimationFrame(() => row.classList.add('fresh'));
}

function nameCell(phone, status) {
  const isInClear = status?.allowCleartext.some((vendor) => vendor === phone.vendor) === true;
  return [
    element('strong', '', phoneLink(phone)),
    element('span', 'mono', foreign(phone.mac)),
    phone.firmware === undefined ? undefined : element('span', 'muted', foreign(firmwareName(phone))),
    phone.aor === undefined ? undefined : element('span', 'muted', foreign(uriName(phone.aor))),
    isInClear ? element('span', 'tag problem', 'Passwords in clear') : undefined,
  ];
}

function phoneLink(phone) {
  const link = element('a', '', foreign(phoneName(phone)));
  link.href = `#phone=${encodeURIComponent(phone.mac).replaceAll('%3A', ':')}`;
  return link;
}

function progressCell(phone) {
  const { posture } = phone;
  const steps = stepsOf[posture];
  const next = steps.find((step) => phone.reached[step] === undefined);
  const list = element('ol', 'steps', ...steps.map((step) => stepItem(step, phone, next)));
  const since = phone.reached[phone.stage] ?? phone.lastSeenAt;
  const isInCall = phone.stage === 'in call';
  const stage = element(
    'p',
    'stage',
    isInCall
      ? element('span', 'tag call', 'In a call')
      : element('span', '', stageName(phone.stage, posture)),
    since > 0 ? agoElement(since) : undefined,
  );
  return [
    stage,
    list,
    phone.problem === undefined ? undefined : element('p', 'trouble', foreign(phone.problem)),
  ];
}

function stepItem(step, phone, next) {
  const at = phone.reached[step];
  const isDone = at !== undefined;
  const word = isDone ? 'done' : step === next ? 'next' : 'not yet';
  const item = element(
    'li',
    word === 'not yet' ? '' : word,
    isDone ? '✓ ' : '',
    stepNames[step],
    element('span', 'sr', `, ${word}`),
  );
  if (isDone && at > 0) item.title = `since ${new Date(at).toLocaleString()}`;
  return item;
}

function placeCell({ place, switchName, chassis, port, placeSource }) {
  if (place === undefined && port === undefined)
    return [element('span', 'muted', placeSource === undefined ? 'Not known' : 'Not in the wiremap')];
  const where = port === undefined ? undefined : portName({ switchName, chassis, port });
  return [
    element('span', '', place === undefined ? 'Not in the wiremap' : foreign(place)),
    where === undefined ? undefined : element('span', 'muted', foreign(where)),
  ];
}

function addressCell({ ip, hostname }) {
  return [
    element('span', ip === undefined ? 'muted' : 'mono', ip === undefined ? 'None' : foreign(ip)),
    hostname === undefined ? undefined : element('span', 'muted', foreign(hostname)),
  ];
}
