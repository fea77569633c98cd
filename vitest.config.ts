import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/*.test.ts'] } },
      {
        test: {
          name: 'service',
          include: ['test/service/**/*.test.ts'],
          testTimeout: 20_000,
          globalSetup: ['test/support/lab-packages.ts'],
        },
      },
      {
        // Labs share one kernel and two cores: one file at a time keeps their figures meaningful.
        test: {
          name: 'lab',
          globalSetup: ['test/support/lab-packages.ts'],
          include: ['test/lab/**/*.test.ts', 'test/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 240_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
