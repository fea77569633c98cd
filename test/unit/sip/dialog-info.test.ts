import { expect, it } from 'vitest';
import { translatedBody } from '../../../appliance/sip/dialog-info.ts';

const names = {
  phone: { callId: 'p&1', ourTag: 'box', theirTag: 'phone' },
  cloud: { callId: 'c', ourTag: 'up', theirTag: 'far' },
};
const type = 'application/dialog-info+xml;charset=utf-8';

function info(dialog: string): string {
  return `<?xml version="1.0"?>\n<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1">\n${dialog}<state>confirmed</state></dialog></dialog-info>`;
}

it.each([
  [
    'as the phone sees them',
    '<dialog id="1" call-id="c" local-tag="up" remote-tag="far" direction="initiator">',
    '<dialog id="1" call-id="p&#38;1" local-tag="phone" remote-tag="box" direction="initiator">',
  ],
  [
    'as the cloud sees them',
    `<d:dialog remote-tag='up' local-tag='far' call-id='c'>`,
    '<d:dialog remote-tag="phone" local-tag="box" call-id="p&#38;1">',
  ],
])("a phone's own call is named by its own dialog, the tags %s", (...[, before, after]) => {
  expect(translatedBody({ type, text: info(before) }, 'cloud', [{ names }])).toEqual({
    type,
    text: info(after),
  });
});

it.each([
  '<dialog id="1" call-id="other" local-tag="up" remote-tag="far">',
  '<dialog id="1" call-id="c" local-tag="up" remote-tag="somebody">',
  '<dialog id="1" call-id="c">',
  '<dialog id="1">',
])('%s is none of its calls and stays', (dialog) => {
  const body = { type, text: info(dialog) };
  expect(translatedBody(body, 'cloud', [{ names }])).toEqual(body);
});

it('what is no dialog state stays, whatever is written in it', () => {
  const body = { type: 'text/plain', text: '<dialog call-id="c" local-tag="up" remote-tag="far">' };
  expect(translatedBody(body, 'cloud', [{ names }])).toEqual(body);
});

it('is translated in time that grows with its length', () => {
  // With its square it would be minutes, and the test's own limit ends it.
  const text = '<dialog '.repeat(125_000);
  expect(translatedBody({ type, text }, 'cloud', [{ names }]).text).toBe(text);
});
