/** Command lines for a machine on which the package is installed: its page, and scripts that run as the page's user. */
import { modules } from './systemd-machine.ts';

/** As the page does it: a session, an order, and the file that wakes root's side. */
export const giveOrder = `
import { openStore } from "${modules}/store/store.ts";
import { giveBoxOrder, wakeOrders } from "${modules}/store/box-orders.ts";
import { beginSession } from "${modules}/store/sessions.ts";
const directory = "/var/lib/gatehouse", givenAt = Date.now();
const store = openStore({ directory, part: "web", clock: { now: () => givenAt } });
const id = await store.write((tx) => {
  const { id: session } = beginSession(tx.db, { remote: "127.0.0.1", now: givenAt });
  const order = { kind: "test.unheard", arguments: {}, session, givenAt, deadlineAt: givenAt + 60000 };
  return giveBoxOrder(tx, order);
});
wakeOrders(directory);
console.log(id);
process.exit();`;
export const readEnd = `
import { readOutcome } from "${modules}/store/outcomes.ts";
console.log(JSON.stringify(readOutcome("/var/lib/gatehouse", process.argv[1])));
process.exit();`;
export const asPage = (script: string, word = '') =>
  `setpriv --reuid=gatehouse-web --regid=gatehouse --clear-groups /usr/lib/gatehouse/bin/node --input-type=module -e '${script}' ${word}`;

/** The page as a browser uses it, by its socket. */
export const curl = (path: string, more = '') =>
  `curl -s --max-time 60 --unix-socket /run/gatehouse/web.sock -b /root/jar -c /root/jar ${more} http://localhost${path}`;
export const post = (path: string, body: object) =>
  curl(path, `-H "content-type: application/json" -d '${JSON.stringify(body)}'`);

export const bytes = (file: string) =>
  `-H "content-type: application/octet-stream" --data-binary @/root/${file}`;
