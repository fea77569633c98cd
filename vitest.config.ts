import { defineConfig } from 'vitest/config';

const lab = {
  globalSetup: ['test/support/lab-packages.ts'],
  testTimeout: 180_000,
  hookTimeout: 240_000,
};

/** They look at what is on the whole machine, where another lab would be a stranger. */
const watchingTheMachine = ['test/lab/office.test.ts', 'test/lab/office-network.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        // Nothing waits in them: what takes long is a machine at work on something else.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/*.test.ts'], testTimeout: 60_000 },
      },
      {
        test: {
          name: 'service',
          include: ['test/service/**/*.test.ts'],
          testTimeout: 20_000,
          globalSetup: ['test/support/lab-packages.ts'],
        },
      },
      {
        // Most of a lab is waiting for clients' timers: two at once, whatever the machine, and nothing in them is timed.
        test: {
          ...lab,
          name: 'lab',
          include: ['test/lab/**/*.test.ts', 'test/browser/**/*.test.ts'],
          exclude: watchingTheMachine,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...lab,
          name: 'lab-alone',
          include: watchingTheMachine,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
