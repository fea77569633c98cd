/** Calls between a registered phone and its registrar, message by message. */
import { onTestFinished } from 'vitest';
import { openUdp, type UdpPort } from '../../appliance/net/udp.ts';
import type { SipRequest } from '../../appliance/protocol/sip-message.ts';
import { encodeRtp } from '../../appliance/protocol/rtp.ts';
import { until } from './command.ts';
import {
  header,
  openSipSite,
  requestText,
  responseText,
  sdpText,
  type Peer,
  type SipSite,
  type Transport,
} from './sip-site.ts';

export const local = '127.0.0.1';

export interface Setting {
  readonly site: SipSite;
  readonly phone: Peer;
  readonly flow: Peer;
  /** User part of our Contact. */
  readonly token: string;
}

export async function registered(
  transport: Transport = 'tls',
  { userAgent, ...options }: Parameters<typeof openSipSite>[0] & { userAgent?: string } = {},
): Promise<Setting> {
  const site = await openSipSite(options);
  const phone = await site.phone(transport);
  const lines = [
    'From: <sip:1001@office.example>;tag=r',
    'To: <sip:1001@office.example>',
    'Call-ID: reg',
    'CSeq: 1 REGISTER',
    ...(userAgent === undefined ? [] : [`User-Agent: ${userAgent}`]),
  ];
  phone.send(
    requestText({
      method: 'REGISTER',
      uri: 'sip:127.0.0.1',
      lines: [...lines, 'Contact: <sip:1001@127.0.0.1:5999>', 'Expires: 3600'],
    }),
  );
  const flow = await site.flow(0);
  const request = await flow.request('REGISTER');
  flow.send(
    responseText(request, '200 OK', { lines: [`Contact: ${header(request, 'Contact')};expires=3600`] }),
  );
  await phone.response(200);
  return { site, phone, flow, token: /sip:([0-9a-f]+)@/.exec(header(request, 'Contact'))?.[1] ?? '' };
}

export interface Dialog {
  readonly callId: string;
  readonly from: string;
  readonly to: string;
}

export const outward: Dialog = {
  callId: 'call-1',
  from: '"Me" <sip:1001@office.example>;tag=me',
  to: '<sip:+49301234@127.0.0.1>',
};
export const inward: Dialog = {
  callId: 'cloud-1',
  from: '"Her" <sip:+49309999@cloud.example>;tag=her',
  to: '<sip:1001@office.example>',
};

export function inviteText(
  dialog: Dialog,
  more: { uri?: string; body?: string; lines?: readonly string[]; cseq?: number; method?: string } = {},
): string {
  const {
    uri = 'sip:+49301234@127.0.0.1',
    body = sdpText(4000),
    lines = [],
    cseq = 1,
    method = 'INVITE',
  } = more;
  return requestText({
    method,
    uri,
    lines: [
      `From: ${dialog.from}`,
      `To: ${dialog.to}`,
      `Call-ID: ${dialog.callId}`,
      `CSeq: ${cseq} ${method}`,
      ...(method === 'BYE' ? [] : ['Contact: <sip:x@127.0.0.1:5999;transport=tcp>']),
      ...lines,
    ],
    body,
  });
}

/** ACK and later requests of a call, from the side that began it. */
export function within(
  dialog: Dialog,
  answer: { headers: SipRequest['headers'] },
  method: string,
): { text: (more?: Parameters<typeof inviteText>[1]) => string } {
  const to = answer.headers.find(({ name }) => name === 'To')?.value ?? '';
  const contact = answer.headers.find(({ name }) => name === 'Contact')?.value ?? '';
  const uri = /<([^>]+)>/.exec(contact)?.[1] ?? 'sip:x';
  return { text: (more = {}) => inviteText({ ...dialog, to }, { uri, method, body: '', ...more }) };
}

export const contact = 'Contact: <sip:far@127.0.0.1:5061;transport=tls>';

/** Called from the phone, answered upstream; both ends have sent nothing yet. */
export async function talking(setting: Setting) {
  const { phone, flow } = setting;
  phone.send(inviteText(outward));
  const invite = await flow.request('INVITE');
  flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  return { invite, answer };
}

/** A request upstream, in the call that the phone began. */
export function fromCloud(
  invite: SipRequest,
  method: string,
  more: { body?: string; cseq?: number; lines?: readonly string[] } = {},
): string {
  const dialog = {
    callId: header(invite, 'Call-ID'),
    from: `${header(invite, 'To')};tag=far`,
    to: header(invite, 'From'),
  };
  const uri = /<([^>]+)>/.exec(header(invite, 'Contact'))?.[1] ?? '';
  return inviteText(dialog, { uri, method, body: '', cseq: 10, ...more });
}

export async function ended(site: SipSite) {
  return await until('the call to be over', () => site.calls().find(({ state }) => state === 'ended'), {
    timeoutMs: 6000,
    everyMs: 10,
  });
}

export async function ear(): Promise<UdpPort & { heard: number }> {
  const port = await openUdp({ address: local, port: 0 });
  onTestFinished(() => port[Symbol.asyncDispose]());
  const own = Object.assign(port, { heard: 0 });
  port.onDatagram(() => {
    own.heard += 1;
  });
  return own;
}

export const rtp = (sequence: number) =>
  encodeRtp({
    padding: false,
    marker: false,
    payloadType: 0,
    sequence,
    timestamp: 0,
    ssrc: 1,
    contributors: [],
    payload: new Uint8Array(160),
  });
