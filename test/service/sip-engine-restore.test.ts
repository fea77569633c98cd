/** A dialog that was written down is one for the next engine too. */
import { expect, it } from 'vitest';
import { answerTo, sdp, startSipEnd, until, type SipEnd, type TestDialog } from '../support/sip-end.ts';
import type { DialogState } from '../../appliance/sip/engine/dialog-state.ts';
import type { Transport } from '../../appliance/sip/engine/engine.ts';

interface Kept {
  readonly box: SipEnd;
  readonly ofPeer: TestDialog;
  readonly dialogId: string;
}

/** The peer calls, the engine that answered ends without a word, and another one on its ports is told of the call. */
async function keptCall(transport: Transport, changes: Partial<DialogState> = {}): Promise<Kept> {
  const before = await startSipEnd([transport]);
  const peer = await startSipEnd([transport]);
  const answered = Promise.withResolvers<TestDialog>();
  before.srf.invite((req, res) => {
    void before.srf
      .createUAS(req, res, { localSdp: sdp })
      .then((dialog) => answered.resolve(dialog), answered.reject);
  });
  const ofPeer = await peer.srf.createUAC(`sip:x@${before.at(transport)}`, { localSdp: sdp });
  const { id } = await answered.promise;
  const port = before.port(transport);
  const state = before.engine.dialogState?.(id);
  await before.engine[Symbol.asyncDispose]();
  const box = await startSipEnd([], { listen: [{ transport, address: '127.0.0.1', port }] });
  // As it would come from the disk.
  box.engine.restoreDialog?.(JSON.parse(JSON.stringify({ ...state, ...changes })) as DialogState);
  box.srf.options((_req, res) => res.send(200));
  // A phone whose connection broke makes another one.
  await answerTo(await peer.srf.request(`sip:x@${box.at(transport)}`, { method: 'OPTIONS' }));
  return { box, ofPeer, dialogId: id };
}

it.each(['udp', 'tcp'] as const)('over %s the far end can hang up in it', async (transport) => {
  const { box, ofPeer, dialogId } = await keptCall(transport);
  const ended: string[] = [];
  box.srf.bye((req, res) => {
    ended.push((req as unknown as { stackDialogId: string }).stackDialogId);
    res.send(200);
  });
  await ofPeer.destroy();
  expect(ended).toEqual([dialogId]);
  expect(box.engine.counters()['open_dialogs']).toBe(0);
});

it.each(['udp', 'tcp'] as const)('over %s we can hang up in it', async (transport) => {
  const { box, ofPeer, dialogId } = await keptCall(transport);
  let isOver = false;
  ofPeer.on('destroy', () => (isOver = true));
  const options = { method: 'BYE', stackDialogId: dialogId } as { method: string };
  const bye = await box.srf.request('sip:placeholder', options);
  expect((await answerTo(bye)).status).toBe(200);
  await until(() => isOver, 'the far end to hear it');
});

it('of a call that has ended nothing is kept', async () => {
  const { box, ofPeer, dialogId } = await keptCall('udp');
  box.srf.bye((_req, res) => res.send(200));
  await ofPeer.destroy();
  expect(box.engine.dialogState?.(dialogId)).toBeUndefined();
});

it('the far end is told the address of our next connection', async () => {
  const { box, ofPeer, dialogId } = await keptCall('tcp', {
    localContact: '<sip:127.0.0.1:9;transport=tcp>',
  });
  const contacts: string[] = [];
  ofPeer.on('modify', (req, res) => {
    contacts.push(req.get('Contact'));
    res.send(200, { body: sdp });
  });
  box.engine.announceDialog?.(dialogId);
  await until(() => contacts.length > 0, 'the far end to be told');
  expect(contacts[0]).toContain(`127.0.0.1:${box.port('tcp')}`);
});

it('a request of the application names our next connection too, and the far end is told once', async () => {
  const { box, ofPeer, dialogId } = await keptCall('tcp', {
    localContact: '<sip:127.0.0.1:9;transport=tcp>',
  });
  const contacts: string[] = [];
  ofPeer.on('modify', (req, res) => {
    contacts.push(req.get('Contact'));
    res.send(200, { body: sdp });
  });
  expect(box.engine.relocateDialog?.(dialogId)).toBe('127.0.0.1');
  const options = { method: 'INVITE', stackDialogId: dialogId, body: sdp } as { method: string };
  expect((await answerTo(await box.srf.request('sip:placeholder', options))).status).toBe(200);
  box.engine.announceDialog?.(dialogId);
  await until(() => contacts.length > 0, 'the far end to be told');
  expect(contacts).toEqual([`<sip:127.0.0.1:${box.port('tcp')};transport=tcp>`]);
});

it('without a connection there is no address that could be named', async () => {
  const { box, dialogId } = await keptCall('tcp');
  for (const flow of box.engine.flowsAt?.('127.0.0.1') ?? []) flow.fail?.();
  await until(() => box.engine.counters()['open_connections'] === 0, 'the connections to end');
  expect(box.engine.relocateDialog?.(dialogId)).toBeUndefined();
});
