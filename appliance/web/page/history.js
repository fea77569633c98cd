/** Calls of the last two weeks: a bar a day, with what failed of it. */
import { byId, svgElement } from './elements.js';
import { callsOfDays, dayText, daysText } from './words.js';

/** In the drawing's own units: it is as wide as the page lets it be. */
const size = { bar: 20, gap: 6, height: 60 };

export async function drawHistory(load) {
  const { since, hours } = await load('/api/calls/history');
  const days = callsOfDays(hours, { since, now: Date.now() });
  byId('history').hidden = hours.length === 0;
  byId('history').querySelector('svg')?.remove();
  if (hours.length === 0) return;
  byId('history-title').textContent = daysText(days);
  byId('history').prepend(chart(days));
}

function chart(days) {
  const most = Math.max(...days.map(({ calls }) => calls));
  const high = (calls) => (calls / most) * size.height;
  const bars = days.flatMap((day, at) => {
    const common = { x: at * (size.bar + size.gap), width: size.bar };
    const bar = (calls, from, name) =>
      svgElement(
        'rect',
        { ...common, y: size.height - high(from + calls), height: high(calls), class: name },
        svgElement('title', {}, dayText(day)),
      );
    return [
      bar(day.calls - day.failed, day.failed, 'calls-bar'),
      bar(day.failed, 0, 'failed-bar'),
      svgElement('rect', { ...common, y: size.height, height: 1, class: 'day-bar' }),
    ];
  });
  const width = days.length * (size.bar + size.gap) - size.gap;
  return svgElement(
    'svg',
    { viewBox: `0 0 ${width} ${size.height + 1}`, role: 'img', 'aria-label': days.map(dayText).join('; ') },
    ...bars,
  );
}
