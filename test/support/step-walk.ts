/**
 * A phone's walk from factory state to a restart when signed in, one step at a time, and what each step brought.
 * `node test/support/step-walk.ts FILE` does it in a namespace: FILE has the phones as JSON, orders come on standard
 * input and answers go to standard output, one JSON value a line each.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendBytes } from './phone-http.ts';
import { factoryState, pollPhone, type PhoneBoot, type PhoneState } from './phone-provisioning.ts';

/** Each is one round over the phone's files. */
export const steps = [
  'First request, in clear',
  'First stage, over HTTPS',
  'One-time account',
  'Waiting for sign-in',
  'Somebody has signed in',
  'New address after sign-in',
  'Signed in, as every day',
  'Restart when signed in',
] as const;

export interface Walked {
  /** Of the last request, which is for the phone's own file; undefined: nobody answered. */
  readonly status: number | undefined;
  /** Of the account that the phone has. */
  readonly user?: string;
}

/** The number in `phones` is a phone's place in the file. */
export type WalkOrder = { readonly token: number } & (
  | { readonly order: 'step'; readonly phones: readonly number[] }
  /** As a step, again and again while the answer is to come again later. */
  | { readonly order: 'step until answered'; readonly phones: readonly number[] }
  /** Rounds until the phone asks where it asked before. */
  | { readonly order: 'settle'; readonly phones: readonly number[] }
  /** Power off and on: where DHCP leads to. Nothing is asked yet. */
  | { readonly order: 'restart'; readonly phones: readonly number[] }
  | { readonly order: 'send'; readonly requests: readonly RawRequest[] }
);

/** Of no phone's walk. */
export interface RawRequest {
  readonly text: string;
  readonly url: string;
  readonly from: string;
}

export type WalkAnswer = { readonly token: number } & (
  | { readonly walked: readonly Walked[] }
  | { readonly sent: readonly { readonly status: number; readonly retryAfter?: string }[] }
  | { readonly error: string }
);

const againMs = 1000;
const mostRounds = 60;

/** One round over the phone's files, whatever becomes of it. */
async function takeStep(phone: PhoneState): Promise<Walked> {
  let isAnswered = true;
  try {
    await pollPhone(phone);
  } catch (error) {
    if (!isAway(error)) throw error;
    isAnswered = false;
  }
  const status = isAnswered ? phone.asked.at(-1)?.status : undefined;
  return { status, ...(phone.account === undefined ? {} : { user: phone.account.user }) };
}

async function untilAnswered(phone: PhoneState): Promise<Walked> {
  for (let round = 0; round < mostRounds; round += 1) {
    const walked = await takeStep(phone);
    if (walked.status !== 503 && walked.status !== undefined) return walked;
    await sleep(againMs);
  }
  throw new Error(`${phone.mac} is told to come again for ever`);
}

async function settle(phone: PhoneState): Promise<Walked> {
  for (let round = 0; round < 8; round += 1) {
    const before = phone.url;
    const walked = await takeStep(phone);
    if (phone.url === before) return walked;
  }
  throw new Error(`${phone.mac}: its provisioning URL still changes`);
}

const ways = { step: takeStep, 'step until answered': untilAnswered, settle };

const away = ['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT', 'EPIPE'];

function isAway(error: unknown): boolean {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return away.includes(code) || /^(?:connection ended|no answer within)/.test(message);
}

async function obey(order: WalkOrder, boots: readonly PhoneBoot[], phones: readonly PhoneState[]) {
  if (order.order === 'send')
    return {
      sent: await Promise.all(
        order.requests.map(async ({ text, ...where }) => {
          const { status, headers } = await sendBytes(Buffer.from(text, 'latin1'), where);
          const retryAfter = headers.get('retry-after');
          return { status, ...(retryAfter === undefined ? {} : { retryAfter }) };
        }),
      ),
    };
  const act = async (at: number): Promise<Walked> => {
    const [boot, phone] = [boots[at], phones[at]];
    if (boot === undefined || phone === undefined) throw new Error(`there is no phone ${at}`);
    if (order.order !== 'restart') return ways[order.order](phone);
    phone.url = factoryState(boot).url;
    return { status: undefined };
  };
  return { walked: await Promise.all(order.phones.map(act)) };
}

if (import.meta.main) {
  const boots = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as PhoneBoot[];
  const phones = boots.map(factoryState);
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line) as WalkOrder;
    const say = (answer: object) => console.log(JSON.stringify({ token: order.token, ...answer }));
    // Not one after the other: some wait for what another order brings.
    void obey(order, boots, phones).then(say, (error: unknown) => say({ error: String(error) }));
  }
}
