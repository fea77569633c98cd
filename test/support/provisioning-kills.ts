/**
 * `kill -9` of the provisioning part at random moments while phones walk from factory state to their one-time accounts,
 * which the stand-in cloud mints once. What must hold: what a phone saw it gets again, whole and the same; what the cloud
 * minted and the disk had is given out; the cloud is asked again only by phones that never saw an answer.
 */
import { readConfiguration } from './phone-configuration.ts';
import { sendFixture } from './phone-http.ts';
import type { ProvisioningBox } from './provisioning-box.ts';
import { address } from './provisioning-site.ts';

export interface KillTally {
  /** Accounts that phones saw, and how often one was asked for again after a kill. */
  readonly seen: number;
  readonly askedAgain: number;
  /** Minted before a kill, not seen then, and given from the disk after it. */
  readonly keptUnseen: number;
  /** Minted, and gone with the process before they were on the disk: no phone saw them. */
  readonly lostUnseen: number;
  /** Sentences. */
  readonly broken: readonly string[];
}

type Tally = { -readonly [K in keyof KillTally]: KillTally[K] extends number ? number : string[] };

interface Walker {
  readonly mac: string;
  readonly from: string;
  url: string;
  password?: string;
}

interface Kills {
  readonly kills: number;
  readonly phonesAtOnce: number;
  /** That phones get until a kill, which is a random number of them: on any machine a kill meets phones at every step. */
  readonly mostAnswers: number;
}

export async function killWhilePhonesWalk(
  box: ProvisioningBox,
  rules: Kills,
  say: (line: string) => void = () => undefined,
): Promise<KillTally> {
  const tally: Tally = { seen: 0, askedAgain: 0, keptUnseen: 0, lostUnseen: 0, broken: [] };
  const first = `http://${address}:${box.httpPort}`;
  const ca = (await ask(newWalker(`${first}/gatehouse-ca.pem`), '', 'yealink-ca')).body.toString();
  for (let kill = 0; kill < rules.kills; kill += 1) {
    const seen: Walker[] = [];
    let answersLeft = Math.floor(Math.random() * rules.mostAnswers);
    const due = Promise.withResolvers<void>();
    const onAnswer = () => {
      if (answersLeft === 0) due.resolve();
      answersLeft -= 1;
    };
    const cutShort = Array.from({ length: rules.phonesAtOnce }, async () => {
      for (;;) {
        const walker = newWalker(`${first}/`);
        if (!(await walk(walker, ca, onAnswer))) return walker;
        seen.push(walker);
      }
    });
    await due.promise;
    await box.kill();
    const walkers = await Promise.all(cutShort);
    const minted = new Set(box.cloud.accounts.map(({ mac }) => mac));
    await box.start();
    tally.seen += seen.length;
    for (const walker of seen.slice(-rules.phonesAtOnce)) await checkSeen(walker, ca, tally);
    for (const walker of walkers) await goOn(box, walker, { ca, tally, minted });
    if (kill % 20 === 19) say(`${kill + 1} kills, ${tally.seen} accounts seen`);
  }
  const repeats = box.cloud.violations.length;
  if (repeats !== tally.lostUnseen)
    tally.broken.push(`${repeats} violations at the cloud: ${box.cloud.violations.join('; ')}`);
  return tally;
}

let made = 0;

/** Each with an address of its own: many phones from one are refused. */
function newWalker(url: string): Walker {
  made += 1;
  const [high, low] = [made >> 8, made & 255];
  const mac = `00:15:65:00:${high.toString(16).padStart(2, '0')}:${low.toString(16).padStart(2, '0')}`;
  return { mac, from: `127.1.${high}.${low}`, url };
}

async function ask({ mac, from, url }: Walker, ca: string, fixture = 'yealink-4-mac') {
  return sendFixture({ fixture, url, mac, from, ca, timeoutMs: 10_000 });
}

/** False when the box went away on the way, or says that its disk did. */
async function walk(walker: Walker, ca: string, onAnswer: () => void = () => undefined): Promise<boolean> {
  while (walker.password === undefined) {
    const answer = await ask(walker, ca).catch(() => undefined);
    if (answer === undefined || answer.status === 500) return false;
    onAnswer();
    if (answer.status !== 200) throw new Error(`${walker.mac} got ${answer.status} for ${walker.url}`);
    const { account, nextUrl } = readConfiguration('yealink', answer.body);
    if (account !== undefined) walker.password = account.password;
    else if (nextUrl === undefined) throw new Error(`${walker.mac}: a configuration that leads nowhere`);
    else walker.url = nextUrl;
  }
  return true;
}

async function checkSeen(walker: Walker, ca: string, tally: Tally): Promise<void> {
  tally.askedAgain += 1;
  const { status, body } = await ask(walker, ca);
  const again = status === 200 ? readConfiguration('yealink', body).account?.password : `status ${status}`;
  if (again !== walker.password)
    tally.broken.push(`${walker.mac} saw its account, and got another answer: ${again}`);
}

/** The phone asks again for what it had no answer to. */
async function goOn(
  box: ProvisioningBox,
  walker: Walker,
  { ca, tally, minted }: { ca: string; tally: Tally; minted: ReadonlySet<string> },
): Promise<void> {
  const plainMac = walker.mac.replaceAll(':', '');
  const isMinted = minted.has(plainMac);
  const { status } = isMinted ? await ask(walker, ca) : { status: 200 };
  if (status === 410) {
    tally.lostUnseen += 1;
    return;
  }
  if (status !== 200) tally.broken.push(`${walker.mac} got ${status} for what the cloud gave`);
  else if (!(await walk(walker, ca))) tally.broken.push(`${walker.mac}: the box went away by itself`);
  else if (isMinted) tally.keptUnseen += 1;
  const accounts = box.cloud.accounts.filter(({ mac }) => mac === plainMac);
  if (accounts.length > 1 || accounts[0]?.password !== walker.password)
    tally.broken.push(`${walker.mac}: ${accounts.length} accounts, and not the one that it has`);
}
