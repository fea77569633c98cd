/** Forms that are sent as JSON, one at a time, with what came of it said where everybody hears it. */
import { byId } from './elements.js';

/**
 * `send` gets the fields by name, empty ones left out, and as `pressed` the value of the button, where there are several; it returns the
 * words that stand below the form then, with their `state` where they are not simply good.
 */
export function onSubmit(id, send) {
  const form = byId(id);
  const said = byId(`${id}-said`);
  const say = (state, words) => {
    said.dataset.state = state;
    said.textContent = words;
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const filled = [...new FormData(form)].filter(([, value]) => value !== '');
    const pressed = event.submitter?.value ? { pressed: event.submitter.value } : {};
    void submit(form, say, (tell) => send({ ...Object.fromEntries(filled), ...pressed }, tell));
  });
}

/** What nobody sees while it is typed is typed twice. */
export function requireSame(one, other, what) {
  if (one !== other) throw new Error(`The two ${what} are not the same.`);
}

async function submit(form, say, work) {
  const buttons = form.querySelectorAll('button[type=submit]');
  const disable = (isDisabled) => buttons.forEach((button) => (button.disabled = isDisabled));
  disable(true);
  say('busy', 'One moment…');
  try {
    const said = (await work((words) => say('busy', words))) ?? '';
    if (typeof said === 'string') say('good', said);
    else say(said.state, said.words);
  } catch (error) {
    say('bad', error.message);
    form.querySelector('input:not([hidden]), textarea')?.focus();
  } finally {
    disable(false);
  }
}
