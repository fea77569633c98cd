import { defineConfig } from 'vitest/config';

/**
 * Most of a lab, and much of a service test, is waiting for clients' timers: more at once than a small machine has
 * processors, and nothing in them is timed. One group, in the order of the projects' names: labs begin, and what is
 * short fills the gaps and ends the run.
 */
const shared = { maxWorkers: 4, globalSetup: ['test/support/lab-packages.ts'] };

/** What takes longer hangs: on a machine at work on much else a test of half a second was seen to take twenty. */
const patience = 60_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'lab',
          include: ['test/lab/**/*.test.ts', 'test/browser/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
      {
        test: { ...shared, name: 'service', include: ['test/service/**/*.test.ts'], testTimeout: patience },
      },
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/*.test.ts'],
          maxWorkers: shared.maxWorkers,
          testTimeout: patience,
        },
      },
    ],
  },
});
