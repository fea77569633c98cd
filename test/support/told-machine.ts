/** What an order does to the machine, for tests of what orders it. */

/** A machine that is told what to do, and does nothing. */
export function toldMachine(folder: string) {
  const calls: string[] = [];
  const machine = {
    folder,
    reload: async () => void calls.push('reload'),
    apply: async () => {
      calls.push('apply');
      return { state: 'done', words: 'The box takes them up now.' } as const;
    },
  };
  return { calls, machine };
}
