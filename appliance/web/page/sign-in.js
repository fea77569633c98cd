/** The way in. */
import { order } from './api.js';
import { onSubmit } from './form.js';

onSubmit('sign-in', async ({ password }) => {
  await order('/api/sign-in', { password });
  // Back to where somebody wanted to go, and to the status page from here.
  if (location.pathname === '/sign-in') location.replace('/');
  else location.reload();
  return 'Signed in.';
});
