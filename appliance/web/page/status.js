/** The top of the page: what is wrong, what kind of site this is, and the parts. */
import { byId, element, fill, foreign } from './elements.js';
import {
  otherServer,
  partNames,
  partState,
  plain,
  poolUse,
  portName,
  postures,
  registrationsText,
  sentence,
  verdict,
} from './words.js';

export function drawStatus(status) {
  if (status === undefined) return;
  const { site, troubles, parts } = status;
  byId('site').textContent = plain(site.name);
  document.title = `${plain(site.name)} · Gatehouse`;
  byId('release').textContent = `Gatehouse ${status.release}`;
  const { state: worst, text } = verdict(troubles);
  byId('verdict').dataset.state = worst;
  byId('verdict-title').textContent = text;
  fill(byId('troubles'), troubles.slice(0, 50).map(troubleRow));
  fill(byId('facts'), factRows(status));
  drawParts(parts);
}

function troubleRow({ severity, text }) {
  return element(
    'li',
    '',
    element('span', `tag ${severity}`, severity === 'problem' ? 'Problem' : 'Notice'),
    foreign(text),
  );
}

function factRows({ site, ownPorts, allowCleartext, dhcp, sip }) {
  const rows = [
    ['Region', site.region.toUpperCase()],
    ['Posture', postures[site.posture]],
    ['Address', site.address],
    ...(site.posture === 'full' ? [['Phones at the registrar', registrationsText(sip.registrations)]] : []),
    ...ownPorts.map((own) => ['This box is plugged in at', portName(own)]),
    ...dhcp.networks.map((network) => [`Addresses of ${network.subnet}`, poolUse(network)]),
    ...dhcp.otherServers.map((server) => ['Another DHCP server', otherServer(server)]),
    ...dhcp.unwatched.map((card) => [
      `Other DHCP servers on ${plain(card)}`,
      'not looked for: port 68 is not handed over',
    ]),
  ];
  const shown = rows.map(([name, value]) =>
    element('div', '', element('dt', '', name), element('dd', '', foreign(value))),
  );
  if (allowCleartext.length === 0) return shown;
  const inClear = element(
    'dd',
    '',
    element('span', 'tag problem', `In clear: ${plain(allowCleartext.join(', '))}`),
  );
  return [...shown, element('div', '', element('dt', '', 'Settings and passwords'), inClear)];
}

function drawParts(parts) {
  const shown = parts.map((part) => ({ part, ...partState(part) }));
  const running = parts.filter((part) => part.isRunning).length;
  byId('parts-summary').textContent = `${running} of ${parts.filter((part) => part.isWanted).length} running`;
  const list = byId('part-rows');
  const open = new Set(
    [...list.querySelectorAll('details[open]')].map((details) => details.closest('li').dataset.part),
  );
  fill(
    list,
    shown.map((row) => partRow(row, open)),
  );
}

function partRow({ part, state: partIs, text }, open) {
  const row = element('li', 'card');
  row.dataset.part = part.name;
  const head = element(
    'div',
    'head',
    element('span', '', partNames[part.name]),
    element('span', 'state', text),
  );
  head.dataset.state = partIs;
  row.append(head);
  if (part.isRunning && part.health?.reason) row.append(element('p', 'muted', foreign(part.health.reason)));
  const counters = Object.entries(part.counters);
  if (counters.length > 0) {
    const list = element(
      'dl',
      'counters',
      ...counters.flatMap(([name, value]) => [
        element('dt', '', sentence(name)),
        element('dd', '', value.toLocaleString()),
      ]),
    );
    const details = element('details', '', element('summary', '', 'Counters'), list);
    details.open = open.has(part.name);
    row.append(details);
  }
  return row;
}
