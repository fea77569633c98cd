/** `npm run test:image:update`: updates of emulated boxes. Builds two images first; takes about an hour. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['setup.ts'],
    fileParallelism: false,
    // Each step has a guard of its own; these are for what forgot it.
    testTimeout: 600_000,
    hookTimeout: 240_000,
  },
});
