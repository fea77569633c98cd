/** What `nft -i` prints, cut into answers. Pure but for what it keeps of the line that has not ended. */

/** nft says nothing when all went well. This needs no look at the kernel and prints one line, which ends each answer. */
export const endOfAnswer = { line: 'describe meta mark', begins: 'meta expression, ' };

export interface NftAnswers {
  /** The answers that end in this chunk. nft writes word by word: each character is looked at once, however long the answer. */
  push(chunk: string): string[];
  /** What belongs to no whole answer yet. */
  rest(): string;
}

export function readNftAnswers(): NftAnswers {
  let answer = '';
  let line = '';
  return {
    push: (chunk) => {
      line += chunk;
      if (!chunk.includes('\n')) return [];
      const lines = line.split('\n');
      line = lines.pop() ?? '';
      const ended: string[] = [];
      for (const whole of lines) {
        if (!whole.startsWith(endOfAnswer.begins)) {
          answer += `${whole}\n`;
          continue;
        }
        ended.push(answer);
        answer = '';
      }
      return ended;
    },
    rest: () => answer + line,
  };
}
