import { expect, it } from 'vitest';
import { sourceToward } from '../../../appliance/net/source-address.ts';

it('the kernel says which address of ours leads somewhere, or that nothing can be sent there', async () => {
  expect(await sourceToward('127.0.0.1')).toBe('127.0.0.1');
  expect(await sourceToward('255.255.255.255')).toBeUndefined();
});
