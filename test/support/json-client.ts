/** Asking a JSON API of the stand-in cloud: verified TLS with its own authority, whatever the environment trusts. */
import { request } from 'node:https';

export interface JsonReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

export interface JsonCall {
  readonly method?: string;
  readonly token?: string;
  /** An object goes as JSON, parameters as a form. */
  readonly body?: object | URLSearchParams;
}

/** Rejects when the certificate is not of this authority or there is no answer. */
export async function callJson(
  url: string,
  ca: string,
  { method = 'GET', token, body }: JsonCall = {},
): Promise<JsonReply> {
  const isForm = body instanceof URLSearchParams;
  const text = body === undefined ? '' : isForm ? body.toString() : JSON.stringify(body);
  return await new Promise((resolve, reject) => {
    const sending = request(
      url,
      {
        method,
        ca,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined
            ? {}
            : { 'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json' }),
          'content-length': Buffer.byteLength(text),
        },
      },
      (answer) => {
        let read = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (read += chunk));
        answer.once('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: read === '' ? undefined : JSON.parse(read),
          }),
        );
        answer.once('error', reject);
      },
    );
    sending.once('error', reject);
    sending.end(text);
  });
}
