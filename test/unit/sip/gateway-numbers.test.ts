import { expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { newDialPlan } from '../../../appliance/sip/dial-plan.ts';
import {
  allowedNumber,
  inForm,
  isSameNumber,
  shownNumber,
  type NumberPlan,
} from '../../../appliance/sip/gateway/numbers.ts';

function plan(settings = ''): NumberPlan {
  const config = parseConfig(`[site]
address = "10.66.0.1"
[dial_plan]
country_code = "49"
outside_line_prefix = "0"
[gateway]
host = "10.66.0.9"
number = "+4930555100"
prefixes = ["+49", "+43"]
${settings}`);
  return { gateway: config.gateway, emergency: config.emergency, dialPlan: newDialPlan(config.dial_plan) };
}

const elins = `[[emergency.elin]]
place = "Building 2"
number = "+4930555200"
[[emergency.elin]]
place = "Building 2, floor 3"
number = "+4930555203"
`;

it.each([
  ["the phone's own", '+4930555101', undefined, '', '+4930555101'],
  ['as it is written nationally', '030555101', undefined, '', '+4930555101'],
  ['the main number for a phone without one', 'lobby', undefined, '', '+4930555100'],
  ['always the main number, if so set', '+4930555101', undefined, 'shown = "main"\n', '+4930555100'],
  ['that of its place', '+4930555101', 'Building 2, floor 1', elins, '+4930555200'],
  ['that of the most exact place', '+4930555101', 'Building 2, floor 3, room 301', elins, '+4930555203'],
  ["the phone's own in a place without one", '+4930555101', 'Building 1', elins, '+4930555101'],
  [
    "the phone's own in a place whose name only begins so",
    '+4930555101',
    'Building 20',
    elins,
    '+4930555101',
  ],
  [
    'that of its building, not of floor 3, on floor 30',
    '+4930555101',
    'Building 2, floor 30',
    elins,
    '+4930555200',
  ],
  ['that of its place, whatever the case', '+4930555101', 'building 2, Floor 3', elins, '+4930555203'],
])('the emergency service is shown %s', (...[, user, place, settings, shown]) => {
  expect(shownNumber({ user, isEmergency: true, place }, plan(settings))).toBe(shown);
});

it('others are never shown the number of a place', () => {
  const caller = { user: '+4930555101', isEmergency: false, place: 'Building 2' };
  expect(shownNumber(caller, plan(elins))).toBe('+4930555101');
});

it.each([
  ['e164', '+4930555100', '+4930555100'],
  ['digits', '+4930555100', '4930555100'],
  ['national', '+4930555100', '030555100'],
  ['national', '+4315550101', '004315550101'],
])('in the form %s %s is %s, shown and dialled', (form, number, shown) => {
  expect(inForm(number, plan(`shown_form = "${form}"\n`))).toBe(shown);
});

it.each([
  ['0030777888', '+4930777888'],
  ['+4315550101', '+4315550101'],
  ['00004420123456', undefined],
  ['+4420123456', undefined],
  ['101', undefined],
])('%s may be called through the gateway as %s', (dialled, number) => {
  expect(allowedNumber(dialled, plan())).toBe(number);
});

it.each([
  ['+4930555101', true],
  ['4930555101', true],
  ['030555101', true],
  ['555101', true],
  ['101', true],
  ['01', false],
  ['102', false],
  ['', false],
  ['lobby', false],
])('a call back to "%s" is one to +4930555101: %s', (called, isOne) => {
  expect(isSameNumber('+4930555101', called, plan())).toBe(isOne);
});
