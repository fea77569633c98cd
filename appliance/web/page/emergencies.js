/** Calls for help, above everything else: who, where, which way it took, and who was told. */
import { agoElement, byId, element, fill, foreign } from './elements.js';
import { count, uriName } from './words.js';

const shown = 10;
const wayNames = {
  cloud: 'the cloud',
  gateway: 'the gateway here',
  attendants: 'attendants',
  everybody: 'phones here',
};

/** `load` fetches JSON; the section is hidden while nobody has called. */
export function openEmergencies(load) {
  const draw = async () => {
    const { emergencies } = await load(`/api/emergency?limit=${shown}`);
    byId('emergencies').hidden = emergencies.length === 0;
    byId('emergencies-summary').textContent = count(emergencies.length, 'call', 'calls');
    fill(byId('emergency-rows'), emergencies.map(emergencyRow));
  };
  return {
    // The next news tries again, and the top of the page says when the box is away.
    changed: () => void draw().catch(() => undefined),
  };
}

function emergencyRow(call) {
  const { isTest, number, name, aor, mac, place, placeSource, callback, at } = call;
  const who = [name, aor === undefined ? undefined : uriName(`sip:${aor}`)].filter(Boolean).join(', ');
  const where = place === undefined ? 'place not known' : `${place} (${placeSource})`;
  const line = element('p', '', foreign([who || mac || 'a phone', where].join(' · ')));
  const back = callback === undefined ? '' : ` · call back ${callback}`;
  return element(
    'li',
    '',
    element('span', '', foreign(`${isTest ? 'Test of ' : ''}${number}`)),
    element('span', isTest ? 'tag ended' : 'tag problem', takenBy(call)),
    line,
    element('p', 'muted', agoElement(at), foreign(back)),
    element('p', 'muted', foreign(waysText(call))),
    element('p', 'muted', foreign(noticesText(call))),
  );
}

function takenBy({ ways, outcome }) {
  const taken = ways.find((way) => way.outcome === 'answered');
  if (taken !== undefined) return `Taken by ${wayNames[taken.way] ?? taken.way}`;
  return outcome === undefined ? 'Going on' : 'Taken by nobody';
}

function waysText({ ways }) {
  return `Ways: ${ways.map(({ way, outcome }) => `${wayNames[way] ?? way} (${outcome})`).join(', ') || 'none'}`;
}

function noticesText({ notices }) {
  if (notices.length === 0) return 'Told: nobody';
  return `Told: ${notices.map(noticeText).join(', ')}`;
}

function noticeText({ by, isDelivered, result, tries }) {
  return isDelivered ? by : `${by} not yet (${result ?? 'trying'}, ${count(tries, 'try', 'tries')})`;
}
