/** A root shell on a serial line that no firmware reads, reached through the emulator's Unix socket. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { until, type Running } from '../support/command.ts';

export interface SerialShell {
  run(script: string, timeoutMs?: number): Promise<string>;
  close(): void;
}

/** Resolves once the shell answers: that is when the machine's systemd has begun. */
export async function openSerialShell(path: string, machine: Running): Promise<SerialShell> {
  const hopeless = machine.hasExited;
  const socket = await until('the serial line', async () => await connected(path), {
    timeoutMs: 10_000,
    hopeless,
    lastSeen: machine.lastWords,
  });
  let heard = '';
  socket.setEncoding('utf8').on('data', (text: string) => (heard += text.replaceAll('\r', '')));
  const answer = async (mark: string, timeoutMs: number) => {
    const end = new RegExp(String.raw`^<${mark} (\d+)>$`, 'm');
    return await until('the answer of the shell', () => end.exec(heard) ?? undefined, {
      timeoutMs,
      everyMs: 20,
      hopeless,
      lastSeen: () => heard.slice(-1500),
    });
  };
  await greet(socket, () => heard, hopeless);
  let turn: Promise<unknown> = Promise.resolve();
  const runOne = async (script: string, timeoutMs: number) => {
    const mark = randomBytes(6).toString('hex');
    heard = '';
    // In a file, so that nothing in it ends the shell that waits for the next one.
    socket.write(`cat >/run/${mark} <<'${mark}'\n${script}\n${mark}\n`);
    socket.write(`sh -e /run/${mark} 2>&1; echo "\n<${mark} $?>"; rm /run/${mark}\n`);
    const found = await answer(mark, timeoutMs);
    const said = heard.slice(0, found.index).replaceAll(call, '').trimEnd();
    if (found[1] !== '0') throw new Error(`in the machine: ${script}\nended with ${found[1]}: ${said}`);
    return said === '' ? '' : `${said}\n`;
  };
  return {
    run: async (script, timeoutMs = 60_000) => {
      const mine = turn.then(async () => await runOne(script, timeoutMs));
      turn = mine.catch(() => undefined);
      return await mine;
    },
    close: () => socket.destroy(),
  };
}

/** What it says until somebody answers, and on a busy machine once more after that. */
const call = /^<up>\n/gm;
/** A system calls within it, or was there all the time. */
const longestCallMs = 90_000;

/** Until the shell is there nobody echoes; then it gives way to one without line editing, which is told to be quiet. */
async function greet(socket: Socket, heard: () => string, hopeless: () => boolean): Promise<void> {
  // What is typed before would wait, and be run in a heap. A shell that was greeted before doesn't call any more, and is past that.
  const begin = Date.now();
  const isUp = () => heard().includes('<up>') || Date.now() - begin > longestCallMs || undefined;
  await until('a shell on the serial line', isUp, { timeoutMs: 600_000, hopeless });
  socket.write('>/run/serial-shell\n');
  const isThere = () => {
    socket.write('exec env PS1= PS2= ENV= TERM=dumb sh -c "stty -echo -onlcr; echo \\<he\\re\\>; exec sh"\n');
    return /^<here>$/m.test(heard());
  };
  await until('the shell to answer', isThere, { timeoutMs: 600_000, everyMs: 1000, hopeless });
  // What was asked meanwhile is answered first.
  socket.write('echo "<set$(echo tled)>"\n');
  await until('the shell to be quiet', () => heard().includes('<settled>'), { timeoutMs: 120_000, hopeless });
}

async function connected(path: string): Promise<Socket | undefined> {
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  const socket = connect(path);
  socket.once('connect', () => resolve(socket));
  socket.once('error', () => resolve(undefined));
  const found = await promise;
  found?.on('error', () => undefined);
  return found;
}
