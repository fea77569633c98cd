/** `npm run test:image:seal`: disk encryption by a TPM, and Secure Boot. A dozen emulated boots. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ['*.test.ts'],
    globalSetup: ['../setup.ts'],
    fileParallelism: false,
    // Each step has a guard of its own; these are for what forgot it.
    testTimeout: 600_000,
    hookTimeout: 240_000,
  },
});
