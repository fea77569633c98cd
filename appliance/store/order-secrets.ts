/** What an order needs and others may not read, such as a passphrase: sealed in web's file, for root's side alone. Of one order at a time. */
import { randomUUID } from 'node:crypto';
import type { Secrets } from './secrets.ts';

const prefix = 'order-secret/';

/** The order is over, or its page was restarted. */
export async function forgetOrderSecrets(secrets: Pick<Secrets, 'write' | 'names'>): Promise<void> {
  const names = secrets.names(prefix);
  if (names.length > 0) await secrets.write((writer) => names.forEach((name) => writer.remove(name)));
}

/** Returns the name that the order tells root's side. What was kept before goes. */
export async function keepOrderSecret(
  secrets: Pick<Secrets, 'write' | 'names'>,
  text: string,
): Promise<string> {
  const before = secrets.names(prefix);
  const name = `${prefix}${randomUUID()}`;
  await secrets.write((writer) => {
    for (const old of before) writer.remove(old);
    writer.put(name, Buffer.from(text));
  });
  return name;
}

/** Throws for a name that is none of these, or is gone. */
export function orderSecret(secrets: Pick<Secrets, 'get'>, name: unknown): string {
  if (typeof name !== 'string' || !name.startsWith(prefix)) throw new Error('the order names no secret');
  const found = secrets.get(name);
  if (found === undefined) throw new Error('the secret of the order is gone: order it again');
  return Buffer.from(found.value).toString('utf8');
}
