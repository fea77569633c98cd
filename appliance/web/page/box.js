/** What its admin does to the box as a whole. */
import { load, order } from './api.js';
import { agoElement, byId, element, fill } from './elements.js';
import { onSubmit } from './form.js';
import { plain } from './words.js';

onSubmit('password', async ({ current, password }) => {
  await order('/api/password', { current, password });
  byId('password').reset();
  return 'Changed. Whoever was signed in elsewhere is signed out.';
});

async function drawOrders() {
  const { orders } = await load('/api/orders');
  const rows = orders.map(({ kind, state, words, beganAt }) =>
    element(
      'li',
      '',
      element('span', state === 'done' ? 'tag' : 'tag notice', state),
      ` ${plain(kind)} `,
      agoElement(beganAt),
      element('span', 'muted', ` ${plain(words)}`),
    ),
  );
  fill(byId('order-rows'), rows);
  byId('orders-empty').hidden = rows.length > 0;
}

void drawOrders();
setInterval(() => void drawOrders().catch(() => undefined), 5000);
