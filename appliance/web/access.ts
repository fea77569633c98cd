/** Who may read and who may order. Pure. */
import type { Session } from '../store/sessions.ts';
import type { Audience } from './people.ts';

export interface Access extends Audience {
  readonly mayRead: boolean;
  /** May tell phones to restart; what is done to the box itself needs a session. */
  readonly mayOrder: boolean;
  readonly session?: Session;
  /** Of somebody who only looks: the token. */
  readonly viewer?: string;
  /** What would open the rest. */
  readonly wants: 'nothing' | 'sign-in' | 'set-up';
}

interface Asking {
  /** By the Unix socket: the file's rights let in whom they should. */
  readonly isSocket: boolean;
  /** The page listens on loopback: whoever asks has an account on this machine. */
  readonly isLoopback: boolean;
  readonly hasPassword: boolean;
  /** `web.open_reading` */
  readonly openReading: boolean;
  readonly session: Session | undefined;
  readonly viewer?: string | undefined;
}

/**
 * A page on a network shows nothing before somebody has signed in. One that only this machine reaches, and for which no password was
 * chosen, works without: a workstation, a trial, the pretend office.
 */
export function accessOf({
  isSocket,
  isLoopback,
  hasPassword,
  openReading,
  session,
  viewer,
}: Asking): Access {
  const all = { mayRead: true, mayOrder: true, personal: true };
  if (session !== undefined) return { ...all, session, wants: 'nothing' };
  const wants = hasPassword ? 'sign-in' : 'set-up';
  if (isSocket || (isLoopback && !hasPassword)) return { ...all, wants };
  if (viewer !== undefined) return { mayRead: true, mayOrder: false, personal: true, viewer, wants };
  return { mayRead: openReading, mayOrder: false, personal: false, wants };
}

const cookieNames = { plain: 'gatehouse', secure: '__Host-gatehouse' } as const;

/** The token in a `Cookie` header (RFC 6265, 5.4): a name given twice counts once, the first. */
export function tokenIn(header: string | undefined, isSecure: boolean): string | undefined {
  const name = isSecure ? cookieNames.secure : cookieNames.plain;
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) {
      const token = pair.slice(at + 1).trim();
      return /^[\w-]{20,100}$/.test(token) ? token : undefined;
    }
  }
  return undefined;
}

/** `Set-Cookie`; without a token the cookie goes. It ends with the browser, and here with the session. */
export function sessionCookie(token: string | undefined, isSecure: boolean): string {
  const name = isSecure ? cookieNames.secure : cookieNames.plain;
  const end = token === undefined ? '; Max-Age=0' : '';
  return `${name}=${token ?? ''}; Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}${end}`;
}

/** The bearer token of `/metrics` in `Authorization` (RFC 6750, 2.1). */
export function bearerIn(header: string | undefined): string | undefined {
  return /^Bearer +([\w.~+/=-]{1,512})$/i.exec(header ?? '')?.[1];
}
