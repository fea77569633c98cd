/** `npm run test:image:settings`: how a box gets its settings, keeps them, and loses them. Half a dozen emulated boots. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['programs.ts', '../setup.ts'],
    fileParallelism: false,
    // Each step has a guard of its own; these are for what forgot it.
    testTimeout: 600_000,
    hookTimeout: 240_000,
    // Each step goes on from where the one before it ended.
    bail: 1,
  },
});
