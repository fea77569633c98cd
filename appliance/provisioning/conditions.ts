/**
 * Requests for what has changed only (RFC 9110, 13). The cloud is not asked so for a make whose bodies are changed here: a phone may
 * know what the cloud itself gave it before. What it has is compared with what it would get.
 */
import { hash } from 'node:crypto';
import type { HttpAnswer } from '../net/http-server.ts';
import type { Header } from '../net/http-upstream.ts';
import { headerValue } from './headers.ts';

/** `If-None-Match` compares weakly, and `*` is any (13.1.2). */
export function isKnown(condition: string, tag: string): boolean {
  const tags = condition.split(/\s*,\s*/).map((one) => one.replace(/^W\//, ''));
  return tags.includes(tag.replace(/^W\//, '')) || condition === '*';
}

/** In the place of the cloud's, for a body that is not the cloud's any more: when it changed nobody knows. */
export function withOwnTag(headers: readonly Header[], body: Uint8Array): Header[] {
  const validators = new Set(['etag', 'last-modified']);
  const rest = headers.filter(([name]) => !validators.has(name.toLowerCase()));
  return [...rest, ['ETag', `"${hash('sha256', body, 'base64url').slice(0, 22)}"`]];
}

/** 304 in the place of a body that the phone has. */
export function unlessKnown(asked: readonly Header[], answer: HttpAnswer): HttpAnswer {
  if (answer.status !== 200 || !isUnchanged(asked, answer.headers)) return answer;
  const headers = answer.headers.filter(([name]) => !ofContent.has(name.toLowerCase()));
  return { status: 304, headers, body: new Uint8Array() };
}

/** Said of a body that doesn't come (15.4.5). */
const ofContent = new Set(['content-type', 'content-language', 'content-disposition', 'last-modified']);

/** The date counts only where no tag is named (13.2.2). */
function isUnchanged(asked: readonly Header[], given: readonly Header[]): boolean {
  const condition = headerValue(asked, 'if-none-match');
  const tag = headerValue(given, 'etag');
  if (condition !== '') return tag !== '' && isKnown(condition, tag);
  const since = Date.parse(headerValue(asked, 'if-modified-since'));
  return Date.parse(headerValue(given, 'last-modified')) <= since;
}
