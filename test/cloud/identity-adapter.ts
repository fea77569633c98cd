/** Where the OpenID provider keeps codes and sessions: in memory, gone with the process. */
interface Payload {
  readonly userCode?: string;
  readonly uid?: string;
  readonly grantId?: string;
  consumed?: number;
}

interface Adapter {
  upsert(id: string, payload: Payload, expiresIn: number): Promise<void>;
  find(id: string): Promise<Payload | undefined>;
  findByUserCode(userCode: string): Promise<Payload | undefined>;
  findByUid(uid: string): Promise<Payload | undefined>;
  consume(id: string): Promise<void>;
  destroy(id: string): Promise<void>;
  revokeByGrantId(grantId: string): Promise<void>;
}

/** One store a model, as the provider asks for. */
export function memoryAdapter(): (model: string) => Adapter {
  const records = new Map<string, { readonly payload: Payload; readonly until: number }>();
  const alive = (wanted: (id: string, payload: Payload) => boolean) => {
    for (const [key, { payload, until }] of records) {
      if (until <= Date.now()) records.delete(key);
      else if (wanted(key, payload)) return payload;
    }
    return undefined;
  };
  return (model) => {
    const keyOf = (id: string) => `${model}:${id}`;
    const isOurs = (key: string) => key.startsWith(`${model}:`);
    return {
      upsert: async (id, payload, expiresIn) => {
        records.set(keyOf(id), { payload, until: Date.now() + expiresIn * 1000 });
        await Promise.resolve();
      },
      find: async (id) => await Promise.resolve(alive((key) => key === keyOf(id))),
      findByUserCode: async (code) =>
        await Promise.resolve(alive((key, { userCode }) => isOurs(key) && userCode === code)),
      findByUid: async (wanted) =>
        await Promise.resolve(alive((key, { uid }) => isOurs(key) && uid === wanted)),
      consume: async (id) => {
        const found = alive((key) => key === keyOf(id));
        if (found !== undefined) found.consumed = Math.floor(Date.now() / 1000);
        await Promise.resolve();
      },
      destroy: async (id) => {
        records.delete(keyOf(id));
        await Promise.resolve();
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, { payload }] of records) if (payload.grantId === grantId) records.delete(key);
        await Promise.resolve();
      },
    };
  };
}
