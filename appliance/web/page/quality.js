/** How a call sounded: a word, the figures of both sides, and a small chart of the score over the call. */
import { element, svgElement } from './elements.js';

const size = { width: 120, height: 24 };
/** From bad to as good as a telephone gets. */
const scale = { least: 1, most: 4.5 };

const tags = { good: 'tag call', fair: 'tag notice', poor: 'tag problem', bad: 'tag problem' };

export function qualityElement({ mos, word, verdict, phone, cloud, chart }) {
  const score = element('span', tags[word], `Sound ${word}, ${mos.toFixed(1)} of 4.4`);
  const details = element(
    'p',
    'muted',
    `${verdict} On site: ${legWords(phone)}. Way out: ${legWords(cloud)}.`,
  );
  return element('div', 'quality', score, chart.length > 1 ? chartElement(chart) : '', details);
}

function legWords({ codec, loss, jitterMs, roundTripMs }) {
  return [
    codec,
    `${(loss * 100).toFixed(1)} % lost`,
    `${jitterMs.toFixed(0)} ms jitter`,
    roundTripMs === undefined ? undefined : `${roundTripMs.toFixed(0)} ms there and back`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}

function chartElement(scores) {
  const made = svgElement('svg', {
    viewBox: `0 0 ${size.width} ${size.height}`,
    width: size.width,
    height: size.height,
    role: 'img',
    'aria-label': `Score over the call, lowest ${Math.min(...scores).toFixed(1)}, last ${scores.at(-1).toFixed(1)}`,
  });
  const x = (at) => (at / (scores.length - 1)) * size.width;
  const y = (score) => size.height * (1 - (score - scale.least) / (scale.most - scale.least));
  const points = scores.map((score, at) => `${x(at).toFixed(1)},${y(score).toFixed(1)}`).join(' ');
  made.append(
    svgElement('line', { x1: 0, x2: size.width, y1: y(3.6), y2: y(3.6), class: 'limit' }),
    svgElement('polyline', { points }),
  );
  return made;
}
