/** The little of npm net-snmp that we use; it ships no types of its own. */
declare module 'net-snmp' {
  import type { EventEmitter } from 'node:events';
  import type { Socket } from 'node:dgram';

  export interface RawVarbind {
    oid: string;
    type: number;
    value: unknown;
  }
  export type Callback<T> = (error: Error | null, result?: T) => void;
  export interface Session extends EventEmitter {
    get(oids: string[], callback: Callback<RawVarbind[]>): void;
    getBulk(
      oids: string[],
      nonRepeaters: number,
      maxRepetitions: number,
      callback: Callback<RawVarbind[][]>,
    ): void;
    close(): void;
  }
  export interface SessionOptions {
    version?: number;
    port: number;
    retries: number;
    timeout: number;
    backwardsGetNexts: boolean;
    dgramModule: { createSocket: () => Socket };
  }
  export interface User {
    name: string;
    level: number;
    authProtocol: string;
    authKey: string;
    privProtocol: string;
    privKey: string;
  }
  export const Version2c: number;
  export const SecurityLevel: Readonly<Record<'authPriv', number>>;
  export const AuthProtocols: Readonly<Record<'sha256', string>>;
  export const PrivProtocols: Readonly<Record<'aes', string>>;
  export const ObjectType: Readonly<
    Record<
      'EndOfMibView' | 'NoSuchObject' | 'NoSuchInstance' | 'Integer' | 'OctetString' | 'TimeTicks',
      number
    >
  >;
  export function createSession(target: string, community: string, options: SessionOptions): Session;
  export function createV3Session(target: string, user: User, options: SessionOptions): Session;
}
