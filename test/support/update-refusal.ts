import { RefusedUpdateError, type RefusalCode } from '../../appliance/update/refusal.ts';

/** The code of what is refused; undefined where nothing is. What else is thrown goes on. */
export function refusalOf(work: () => unknown): RefusalCode | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof RefusedUpdateError) return error.code;
    throw error;
  }
}
