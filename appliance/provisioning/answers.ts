/**
 * Answers of the cloud, kept sealed for each phone: they hold credentials and one-time paths. An answer is looked up only
 * by the phone and the very path that it was given for; neither can be guessed from what is on the disk in clear.
 */
import { hash } from 'node:crypto';
import type { Header } from '../net/http-upstream.ts';
import type { Secrets, SecretWriter } from '../store/secrets.ts';
import type { Clock } from '../world.ts';
import type { Asker } from './identify.ts';
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
  /** Before asking: a disk that can't keep the answer must not cost a phone its one-time account. Rejects then. */
  reserve(): Promise<void>;
  /** Durable when it resolves; rejects when it can't be. */
  keep(key: AnswerKey, answer: KeptAnswer): Promise<void>;
  find(key: AnswerKey): KeptAnswer | undefined;
  /** This phone was led to these URLs; durable when it resolves. */
  own(mac: string, links: readonly LinkTarget[]): Promise<void>;
  /** Which phone was led to this folder: another one that knows the path has stolen it. */
  ownerOf(link: LinkTarget): string | undefined;
}

/** The address is the phone's: by its lease, which was compared, else it is the one that it had. */
export function isBound({ isLeased, ip }: Pick<Asker, 'isLeased' | 'ip'>, kept: KeptAnswer): boolean {
  return isLeased || kept.ip === ip;
}

/** A phone has two or three paths at a time; the rest are of earlier sign-ins. */
const mostPerPhone = 8;
/** A flood of invented MACs must not fill the disk. */
const mostAnswers = 20_000;
/** Each boot of a phone makes one or two. */
const mostLinks = 50_000;
/** A phone asks for several files of one folder, each time it boots. */
const mostOwnersAtHand = 4096;

/** A disk that has just kept an answer has room for the next. */
const provenMs = 1000;

interface Needs {
  readonly secrets: Secrets;
  readonly clock: Pick<Clock, 'monotonic'>;
}

export function openAnswers(
  { secrets, clock }: Needs,
  bounds = { answers: mostAnswers, links: mostLinks },
): Answers {
  const answers = boundedRecords(secrets, 'answer/', bounds.answers);
  const links = boundedRecords(secrets, 'link/', bounds.links);
  // To read and unseal a record takes longer than all else that is done to tell whose a path is.
  const owners = new Map<string, string>();
  const remember = (folder: string, mac: string) => {
    if (owners.size >= mostOwnersAtHand) owners.clear();
    owners.set(folder, mac);
  };
  let provenAt = -Infinity;
  const writing: Secrets['write'] = async (work) => {
    try {
      const result = await secrets.write(work);
      provenAt = clock.monotonic();
      return result;
    } catch (error) {
      provenAt = -Infinity;
      throw error;
    }
  };
  return {
    reserve: async () => {
      if (clock.monotonic() - provenAt <= provenMs) return;
      await writing((records) => records.put('asking', new Uint8Array([1])));
    },
    keep: async (key, answer) =>
      writing((records) => {
        const name = nameOf(key);
        answers.put(records, name, encode(answer));
        const others = secrets.names(`answer/${key.mac}/`).filter((other) => other !== name);
        for (const old of others.slice(0, Math.max(0, others.length - mostPerPhone + 1)))
          answers.remove(records, old);
      }),
    find: (key) => {
      const kept = secrets.get(nameOf(key));
      return kept && decode(kept.value, kept.at);
    },
    own: async (mac, targets) => {
      if (targets.length === 0) return;
      await writing((records) => {
        for (const target of targets) links.put(records, linkName(target), Buffer.from(mac));
      });
      for (const target of targets) remember(folderOf(target), mac);
    },
    ownerOf: (link) => {
      const folder = folderOf(link);
      const known = owners.get(folder);
      if (known !== undefined) return known;
      const owner = secrets.get(linkName(link));
      if (owner === undefined) return undefined;
      const mac = Buffer.from(owner.value).toString('latin1');
      remember(folder, mac);
      return mac;
    },
  };
}

interface BoundedRecords {
  put(records: SecretWriter, name: string, value: Uint8Array): void;
  remove(records: SecretWriter, name: string): void;
}

/** Over the limit the oldest go, a tenth at once. A write that was undone may leave it off by a few. */
function boundedRecords(secrets: Secrets, prefix: string, most: number): BoundedRecords {
  let count = secrets.names(prefix).length;
  const remove = (records: SecretWriter, name: string) => {
    if (records.remove(name)) count -= 1;
  };
  return {
    remove,
    put: (records, name, value) => {
      if (!records.has(name)) count += 1;
      records.put(name, value);
      if (count <= most) return;
      const names = secrets.names(prefix);
      for (const old of names.slice(0, names.length - most + Math.floor(most / 10))) remove(records, old);
      count = secrets.names(prefix).length;
    },
  };
}

function nameOf({ mac, host, path }: AnswerKey): string {
  return `answer/${mac}/${hash('sha256', `${host}${path}`)}`;
}

function linkName(link: LinkTarget): string {
  return `link/${hash('sha256', folderOf(link))}`;
}

/** A phone appends its own file names. */
function folderOf({ host, path }: LinkTarget): string {
  const [plain = ''] = path.split(/[?#]/, 1);
  return `${host}${plain.slice(0, plain.lastIndexOf('/') + 1)}`;
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
