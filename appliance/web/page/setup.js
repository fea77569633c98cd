/** A new box: first whose it is, by the code on its screen, then what it is to do. */
import { follow, load, order } from './api.js';
import { byId, element } from './elements.js';
import { onSubmit, requireSame } from './form.js';

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

async function show() {
  const { signedIn, hasSettings } = await load('/api/access');
  if (signedIn && hasSettings) return location.replace('/');
  byId('first').hidden = signedIn;
  byId('settings').hidden = !signedIn;
  if (!signedIn) return byId('first').querySelector('input').focus();
  const { cards } = await load('/api/cards');
  byId('card').replaceChildren(
    ...cards.map(({ name, mac, addresses, hasLink }) => {
      const facts = [mac, ...addresses, hasLink ? '' : 'no cable'].filter(Boolean).join(', ');
      const option = element('option', '', `${name} (${facts})`);
      option.value = name;
      return option;
    }),
  );
  const form = byId('settings');
  form.elements.timeZone.value ||= zone === undefined ? '' : zone;
  form.elements.name.focus();
}

onSubmit('first', async ({ code, password, again }) => {
  requireSame(password, again, 'passwords');
  await order('/api/setup', { code, password });
  await show();
  return '';
});

onSubmit('settings', async (fields, tell) => {
  const address = fields.pageAddress ?? fields.address;
  const there = `This page is at https://${address}:8443/ from now on; sign in there with your password.`;
  const { order: id } = await order('/api/settings/first', fields);
  const { state, words } = await follow(id, (outcome) =>
    tell(outcome.words ? `${outcome.words}\n${there}` : 'The box is being set up…'),
  );
  if (state !== 'done') throw new Error(words);
  return `${words}\n${there}`;
});

byId('addresses').addEventListener('change', ({ target }) => {
  byId('pool').hidden = target.value !== 'server';
});
void show();
