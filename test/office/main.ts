/** `npm run office`: the pretend office in this terminal, one walk of all phones, or an order to the office that runs. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { namespacesRefused, openLab } from '../support/namespaces.ts';
import { installPackages } from '../support/packages.ts';
import type { Box } from './box.ts';
import { defaultSocket, openControl, refuseSecondOffice, sendOrder } from './control.ts';
import { listenToKeys } from './keys.ts';
import { openOffice } from './office.ts';
import { openOrders, orderUsage } from './orders.ts';
import { officeStatus, tableLines } from './table.ts';
import { walkAll } from './walk.ts';

const usage = `usage: npm run office               open the office, watch it, play with it
       npm run office -- --once     walk all phones, one call each way, print JSON
       npm run office -- ORDER      to the office in the other terminal:
${orderUsage}
  --socket FILE before any of these: another office than this machine's usual one`;

/** What is being done goes to standard error: standard output is for the result. */
const say = (line: string) => console.error(line);

async function main(given: readonly string[]): Promise<number> {
  const [socket, words] = given[0] === '--socket' ? [given[1] ?? '', given.slice(2)] : [defaultSocket, given];
  const [first] = words;
  if (first === '--help' || first === '-h') {
    console.log(usage);
    return 0;
  }
  if (first !== undefined && first !== '--once') {
    console.log(await sendOrder(socket, words));
    return 0;
  }
  // iproute2 is among what may have to be installed before namespaces can be tried.
  if (process.platform === 'linux' && process.getuid?.() === 0) await installPackages(say);
  const refused = namespacesRefused();
  if (refused !== undefined) throw new Error(refused);
  await installPackages(say);
  return first === '--once' ? await once() : await openForPeople(socket);
}

async function once(): Promise<number> {
  await using lab = openLab();
  await using office = await openOffice(lab, say);
  say('phones');
  const result = await walkAll(office);
  console.log(JSON.stringify(result, undefined, 2));
  if (result.ok) return 0;
  say(`what the box warned of:\n${warnings(office.box.logFile)}`);
  return 1;
}

/** pino's levels from 40 on; the file goes with the office. */
function warnings(logFile: string): string {
  const lines = readFileSync(logFile, 'utf8').split('\n');
  return lines
    .filter((line) => line !== '' && !/"level":[123]0,/.test(line))
    .slice(-20)
    .join('\n');
}

async function openForPeople(socket: string): Promise<number> {
  const closing = Promise.withResolvers<void>();
  await refuseSecondOffice(socket);
  await using lab = openLab();
  await using office = await openOffice(lab, say);
  const orders = openOrders(office, closing.resolve);
  await using _control = await openControl(socket, orders);
  const url = await office.box.openPage(8080);
  using keys = listenToKeys(orders);
  for (const phone of office.phones) phone.powerOn();
  stopSignals.forEach((signal) => process.off(signal, endAtOnce).once(signal, () => closing.resolve()));
  const isClosed = closing.promise.then(() => true);
  void carryOutWhile(office, isClosed);
  const show = process.stdout.isTTY ? redraw : printChanges();
  do {
    const lines = tableLines(await officeStatus(office), process.stdout.columns || 120);
    show([...lines, '', `page ${url}`, ...keys.lines()]);
  } while (!(await Promise.race([sleep(500, false), isClosed])));
  say('closing');
  return 0;
}

/** What somebody orders on the page, as root's side does on a box. */
async function carryOutWhile({ box }: { box: Box }, isClosed: Promise<boolean>): Promise<void> {
  do await box.carryOutOrders().catch((error: unknown) => say(String(error)));
  while (!(await Promise.race([sleep(500, false), isClosed])));
}

function redraw(lines: readonly string[]): void {
  process.stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
}

/** For a log file or a pipe: the table again whenever it says something new. */
function printChanges(): (lines: readonly string[]) => void {
  let last = '';
  return (lines) => {
    const text = lines.join('\n');
    // Packet counts move all the time; they alone are no news.
    const news = text.replaceAll(/\d+\/\d+ *$/gm, '');
    if (news !== last) console.log(`${text}\n`);
    last = news;
  };
}

/** What went wrong while closing, and what had gone wrong before. */
function reasons(error: unknown): string[] {
  if (error instanceof SuppressedError) return [...reasons(error.suppressed), ...reasons(error.error)];
  return [error instanceof Error ? error.message : String(error)];
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Ending runs the lab's cleaning; being killed by a signal would not. */
const endAtOnce = () => process.exit(130);
stopSignals.forEach((signal) => process.on(signal, endAtOnce));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  for (const reason of reasons(error)) console.error(`office: ${reason}`);
  process.exitCode = 1;
}
process.exit();
