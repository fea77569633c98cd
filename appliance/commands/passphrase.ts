/** A passphrase from whoever sits at the terminal, or from a pipe; never from the command line, which everybody can read. */

/** Shorter ones are found by trying. */
export const fewestCharacters = 12;

export async function readPassphrase(question: string): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) process.stderr.write(question);
  // Raw: nothing that is typed is shown.
  if (stdin.isTTY) stdin.setRawMode(true);
  try {
    return await firstLine(stdin);
  } finally {
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      process.stderr.write('\n');
    }
    stdin.pause();
  }
}

interface Asking {
  readonly ask: (question: string) => Promise<string>;
  /** By a person, who sees nothing of it; a program makes no mistakes. */
  readonly isTyped: boolean;
}

/** One that was not there before: who types it types it twice, and it throws when the two are not the same. */
export async function newPassphrase(
  question: string,
  { ask, isTyped }: Asking = { ask: readPassphrase, isTyped: process.stdin.isTTY },
): Promise<string> {
  const first = await ask(question);
  if (isTyped && (await ask('once more: ')) !== first) throw new Error('the two are not the same');
  return first;
}

const mostCharacters = 1024;

async function firstLine(stdin: NodeJS.ReadStream): Promise<string> {
  let typed = '';
  for await (const chunk of stdin.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    for (const character of String(chunk)) {
      if (character === '\r' || character === '\n' || typed.length > mostCharacters) return typed;
      if (character === '\u0003' || character === '\u0004') throw new Error('no passphrase was given');
      typed = character === '\u007F' || character === '\b' ? typed.slice(0, -1) : typed + character;
    }
  }
  return typed;
}
