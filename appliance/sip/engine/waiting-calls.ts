/**
 * drachtio-srf finds the INVITE that a CANCEL is for by its Call-ID alone. A proxy that forks a call to two phones here sends two
 * with the same, so while both wait the application is told another Call-ID for the second: `…~2`.
 */
export class WaitingCalls {
  readonly #taken = new Set<string>();

  get size(): number {
    return this.#taken.size;
  }

  take(callId: string): string {
    let own = callId;
    for (let branch = 2; this.#taken.has(own); branch += 1) own = `${callId}~${branch}`;
    this.#taken.add(own);
    return own;
  }

  release(own: string): void {
    this.#taken.delete(own);
  }
}
