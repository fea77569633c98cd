/** The way in. */
import { load, order } from './api.js';
import { onSubmit } from './form.js';

onSubmit('sign-in', async ({ password }) => {
  await order('/api/sign-in', { password });
  const { isViewer } = await load('/api/access');
  // Back to where somebody wanted to go; from here, and for who only looks, to the status page.
  if (isViewer || location.pathname === '/sign-in') location.replace('/');
  else location.reload();
  return 'Signed in.';
});
