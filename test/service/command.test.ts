/** Programs that tests and office run, where somebody presses Ctrl-C. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { start } from '../support/command.ts';

/** Presses Ctrl-C, as a terminal does it, while it runs a program, and prints what that said. */
async function pressWhileRunning(options: string): Promise<string[]> {
  const said: string[] = [];
  const program = `
    import { run } from ${JSON.stringify(join(import.meta.dirname, '../support/command.ts'))};
    process.on('SIGINT', () => {});
    const command = ['sh', '-c', \`kill -INT -\${process.pid}; echo still here\`];
    console.log(await run(command, ${options}).catch(() => 'ended'));`;
  const running = start([process.execPath, '--input-type=module', '--eval', program], {
    onLine: (line) => said.push(line),
  });
  expect(await running.exited, running.lastWords()).toBe(0);
  return said.filter((line) => line !== '');
}

test('Ctrl-C does not end what whoever cleans up then still runs', async () => {
  expect(await pressWhileRunning('{}')).toEqual(['still here']);
});

test('Ctrl-C ends a program that must not go on without us', async () => {
  expect(await pressWhileRunning('{ hearsCtrlC: true }')).toEqual(['ended']);
});
