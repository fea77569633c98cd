/**
 * Answers of the cloud, kept sealed for each phone: they hold credentials and one-time paths. An answer is looked up only
 * by the phone and the very path that it was given for; neither can be guessed from what is on the disk in clear.
 */
import { createHash } from 'node:crypto';
import type { Header } from '../net/http-upstream.ts';
import type { Secrets } from '../store/secrets.ts';
import type { LinkTarget } from './links.ts';

export interface KeptAnswer {
  /** ms since 1970. */
  readonly at: number;
  /** Address that it was given to. */
  readonly ip: string;
  readonly stage: 1 | 2 | 3;
  readonly status: number;
  readonly headers: readonly Header[];
  /** As the cloud gave it, before anything was changed. */
  readonly body: Uint8Array;
}

export interface AnswerKey {
  readonly mac: string;
  readonly host: string;
  /** Raw. */
  readonly path: string;
}

export interface Answers {
  /** Before asking: a disk that can't keep the answer must not cost a phone its one-time account. Throws then. */
  reserve(): void;
  /** Durable when it returns; throws when it can't be. */
  keep(key: AnswerKey, answer: KeptAnswer): void;
  find(key: AnswerKey): KeptAnswer | undefined;
  /** This phone was led to these URLs; durable when it returns. */
  own(mac: string, links: readonly LinkTarget[]): void;
  /** Which phone was led to this folder: another one that knows the path has stolen it. */
  ownerOf(link: LinkTarget): string | undefined;
}

/** A phone has two or three paths at a time; the rest are of earlier sign-ins. */
const mostPerPhone = 8;
/** A flood of invented MACs must not fill the disk. */
const mostAnswers = 20_000;
/** Each boot of a phone makes one or two. */
const mostLinks = 50_000;

export function openAnswers(secrets: Secrets, bounds = { answers: mostAnswers, links: mostLinks }): Answers {
  const answers = boundedRecords(secrets, 'answer/', bounds.answers);
  const links = boundedRecords(secrets, 'link/', bounds.links);
  return {
    reserve: () => secrets.put('asking', new Uint8Array([1])),
    keep: (key, answer) => {
      const name = nameOf(key);
      answers.put(name, encode(answer));
      const others = secrets.names(`answer/${key.mac}/`).filter((other) => other !== name);
      for (const old of others.slice(0, Math.max(0, others.length - mostPerPhone + 1))) answers.remove(old);
    },
    find: (key) => {
      const kept = secrets.get(nameOf(key));
      return kept && decode(kept.value, kept.at);
    },
    own: (mac, targets) => {
      for (const target of targets) links.put(linkName(target), Buffer.from(mac));
    },
    ownerOf: (link) => {
      const owner = secrets.get(linkName(link));
      return owner && Buffer.from(owner.value).toString('latin1');
    },
  };
}

/** Over the limit the oldest go, a tenth at once. */
function boundedRecords(secrets: Secrets, prefix: string, most: number): Pick<Secrets, 'put' | 'remove'> {
  let count = secrets.names(prefix).length;
  const remove = (name: string) => {
    secrets.remove(name);
    count -= 1;
  };
  return {
    remove,
    put: (name, value) => {
      if (!secrets.names(name).includes(name)) count += 1;
      secrets.put(name, value);
      if (count <= most) return;
      for (const old of secrets.names(prefix).slice(0, count - most + Math.floor(most / 10))) remove(old);
    },
  };
}

function nameOf({ mac, host, path }: AnswerKey): string {
  return `answer/${mac}/${createHash('sha256').update(`${host}${path}`).digest('hex')}`;
}

/** By folder: a phone appends its own file names. */
function linkName({ host, path }: LinkTarget): string {
  const plain = path.split(/[?#]/)[0] ?? '';
  const folder = plain.slice(0, plain.lastIndexOf('/') + 1);
  return `link/${createHash('sha256').update(`${host}${folder}`).digest('hex')}`;
}

interface Head {
  readonly ip: string;
  readonly stage: 1 | 2 | 3;
  readonly status: number;
  readonly headers: readonly Header[];
}

/** A line of JSON, then the body. */
function encode({ ip, stage, status, headers, body }: KeptAnswer): Uint8Array {
  const head: Head = { ip, stage, status, headers };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

function decode(bytes: Uint8Array, at: number): KeptAnswer {
  const buffer = Buffer.from(bytes);
  const end = buffer.indexOf('\n');
  const head = JSON.parse(buffer.subarray(0, end).toString('utf8')) as Head;
  return { ...head, at, body: buffer.subarray(end + 1) };
}
