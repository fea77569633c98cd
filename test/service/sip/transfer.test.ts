import { expect, it } from 'vitest';
import { until } from '../../support/command.ts';
import { fromCloud, inviteText, outward, registered, talking, within } from '../../support/sip-calls.ts';
import { header, responseText } from '../../support/sip-site.ts';

const lines = (to: string) => ({ lines: [`Refer-To: <${to}>`] });
const journaled = { timeoutMs: 2000, everyMs: 10 };

it('a phone transfers a call to numbers and to hosts that calls go to anyway', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  const ways = [
    ['<sip:+49302@office.example>', '<sip:+49302@office.example>'],
    ['<tel:+49302>', '<tel:+49302>'],
    ['<sips:+49302@127.0.0.1;transport=tls>', '<sips:+49302@127.0.0.1>'],
  ];
  for (const [at, [asked, told]] of ways.entries()) {
    phone.send(within(outward, answer, 'REFER').text({ cseq: 2 + at, lines: [`Refer-To: ${asked}`] }));
    const refer = await flow.request('REFER');
    expect(header(refer, 'Refer-To')).toBe(told);
    flow.send(responseText(refer, '202 Accepted'));
    await phone.response(202);
  }
  expect(site.sip.counters()).toMatchObject({ transfers_refused: 0 });
});

it('a phone that hangs up once its transfer is accepted hears what becomes of it', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { invite, answer } = await talking(setting);
  phone.send(within(outward, answer, 'REFER').text({ cseq: 2, ...lines('sip:+49302@office.example') }));
  flow.send(responseText(await flow.request('REFER'), '202 Accepted'));
  await phone.response(202);
  phone.send(within(outward, answer, 'BYE').text({ cseq: 3 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  for (const [at, state] of ['active', 'terminated;reason=noresource'].entries()) {
    const of = ['Event: refer', `Subscription-State: ${state}`];
    flow.send(fromCloud(invite, 'NOTIFY', { cseq: 10 + at, lines: of }));
    const told = await phone.request('NOTIFY');
    expect(header(told, 'Subscription-State')).toBe(state);
    phone.send(responseText(told, '200 OK'));
    await flow.response(200);
  }
  expect(site.sip.counters()).toMatchObject({ calls: 0, subscriptions: 0, engine_open_dialogs: 0 });
});

it('a transfer that leads elsewhere is refused, counted and written down, and the call goes on', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { answer } = await talking(setting);
  const ways = ['<sip:1900@evil.example>', '<sip:x@office.example?Route=%3Csip:evil.example%3E>'];
  for (const [at, way] of ways.entries()) {
    phone.send(within(outward, answer, 'REFER').text({ cseq: 2 + at, lines: [`Refer-To: ${way}`] }));
    expect((await phone.response(403)).reason).toBe('Transfer leads elsewhere');
  }
  phone.send(within(outward, answer, 'REFER').text({ cseq: 4 }));
  await phone.response(400);
  expect(flow.waiting).toEqual([]);
  expect(site.sip.counters()).toMatchObject({ transfers_refused: 3, calls: 1 });
  const told = await until('the record', () => site.journal('transfer_refused')[2], journaled);
  expect(told).toMatchObject({ by: 'phone', reason: 'Not one Refer-To', source: '127.0.0.1' });
  expect(site.journal('transfer_refused')[0]).toMatchObject({ to: 'evil.example' });
});

it('the far end sends a phone where the cloud is, to a phone behind the box, and nowhere else', async () => {
  const setting = await registered();
  const { site, phone, flow, token } = setting;
  const { invite } = await talking(setting);
  flow.send(fromCloud(invite, 'REFER', { ...lines('sip:1900@evil.example'), cseq: 10 }));
  await flow.response(403);
  flow.send(fromCloud(invite, 'REFER', { ...lines(`sip:${token}@127.0.0.1:5061;transport=tls`), cseq: 11 }));
  const refer = await phone.request('REFER');
  expect(header(refer, 'Refer-To')).toBe('<sip:1001@office.example>');
  phone.send(responseText(refer, '202 Accepted'));
  await flow.response(202);
  expect(site.sip.counters()).toMatchObject({ transfers_refused: 1 });
});

it('who takes a call for help may send the caller anywhere', async () => {
  const { phone, flow } = await registered();
  phone.send(inviteText(outward, { uri: 'sip:112@127.0.0.1' }));
  const invite = await flow.request('INVITE');
  const own = 'Contact: <sip:far@127.0.0.1:5061;transport=tls>';
  flow.send(responseText(invite, '200 OK', { lines: [own], body: '' }));
  const answer = await phone.response(200);
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  flow.send(fromCloud(invite, 'REFER', { lines: ['Refer-To: <sip:ambulance@rescue.example>'] }));
  expect(header(await phone.request('REFER'), 'Refer-To')).toBe('<sip:ambulance@rescue.example>');
});

it('what becomes of a transfer is told by the number that each side has of its REFER', async () => {
  const setting = await registered();
  const { site, phone, flow } = setting;
  const { invite, answer } = await talking(setting);
  const asked: [number, string][] = [];
  for (const cseq of [41, 42]) {
    phone.send(within(outward, answer, 'REFER').text({ cseq, ...lines('sip:+49302@office.example') }));
    const refer = await flow.request('REFER');
    flow.send(responseText(refer, '202 Accepted'));
    await phone.response(202);
    asked.push([cseq, header(refer, 'CSeq').split(' ')[0] ?? '']);
  }
  expect(asked.map(([, there]) => there)).not.toContain('41');
  const tell = async (cseq: number, [here, there]: [number, string]) => {
    const of = [`Event: refer;id=${there}`, 'Subscription-State: active;expires=60'];
    flow.send(fromCloud(invite, 'NOTIFY', { cseq, lines: of }));
    const told = await phone.request('NOTIFY');
    expect(header(told, 'Event')).toBe(`refer;id=${here}`);
    phone.send(responseText(told, '200 OK'));
    await flow.response(200);
  };
  for (const [at, one] of asked.entries()) await tell(10 + at, one);
  phone.send(
    within(outward, answer, 'SUBSCRIBE').text({ cseq: 43, lines: ['Event: refer;id=42', 'Expires: 0'] }),
  );
  expect(header(await flow.request('SUBSCRIBE'), 'Event')).toBe(`refer;id=${asked[1]?.[1] ?? ''}`);
  phone.send(within(outward, answer, 'BYE').text({ cseq: 44 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  for (const [at, one] of asked.entries()) await tell(20 + at, one);
  expect(site.sip.counters()).toMatchObject({ errors: 0 });
});
