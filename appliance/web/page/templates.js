/** Templates of the site: chosen, read, judged, put in and taken out. */
import { load } from './api.js';
import { byId, element, fill } from './elements.js';
import { onSubmit } from './form.js';
import { plain } from './words.js';

/** `carriedOut` gives an order and resolves with what the box says in the end. */
export function openTemplates(carriedOut) {
  const form = byId('template');
  const { text: area, which } = form.elements;
  let shown = '';

  async function list() {
    const { templates } = await load('/api/templates');
    const chosen = which.value;
    fill(
      which,
      templates.map(({ vendor, name, isOwn, isShipped }) => {
        const state = isOwn ? 'of this site' : isShipped ? 'as it comes with the box' : 'none yet';
        const option = element('option', '', plain(`${vendor}/${name} (${state})`));
        option.value = `${vendor}/${name}`;
        return option;
      }),
    );
    if (chosen !== '') which.value = chosen;
  }

  async function read() {
    shown = which.value;
    const { text, isOwn } = await load(`/api/templates/${shown}`);
    area.defaultValue = text;
    area.value = text;
    byId('template-about').textContent = isOwn
      ? 'As this site has it'
      : text === ''
        ? 'This site has none yet'
        : 'As it comes with the box';
    byId('template-remove').hidden = !isOwn;
  }

  which.addEventListener('change', () => {
    if (area.value !== area.defaultValue && !confirm('What you changed is not saved. Leave it?'))
      which.value = shown;
    else void read();
  });

  onSubmit('template', async ({ pressed, text }, tell) => {
    const [vendor, name] = shown.split('/');
    if (pressed === 'check') return await carriedOut('/api/templates/check', { vendor, name, text }, tell);
    const said =
      pressed === 'remove'
        ? await carriedOut('/api/templates/remove', { vendor, name }, tell)
        : await carriedOut('/api/templates', { vendor, name, text }, tell);
    await list();
    await read();
    return said;
  });

  void list().then(read);
}
