/** What a person can do in the running office, by a key or from another terminal: the same words both ways. */
import { holdCall } from './calls.ts';
import type { Office } from './office.ts';
import { plan } from './network.ts';
import type { OfficePhone } from './phone.ts';
import { officeStatus } from './table.ts';

export const orderUsage = `  status            the table as JSON
  cut, restore      the way to the internet
  power N           power-cycle phone N; "power N off" and "power N on" for half of it
  move N PORT       plug phone N into another port of the switch (1 to ${plan.ports - 2})
  call N            phone N dials out and talks for five seconds; "call N in" for the other way
  code              what opens settings, questions and firmware on the page
  kill              kill -9 the box and start it again
  stop              close the office`;

export interface Orders {
  /** The answer for the person. Throws with one sentence when the order can't be done. */
  give(words: readonly string[]): Promise<string>;
}

export function openOrders(office: Office, stop: () => void): Orders {
  return {
    give: async ([order = '', ...words]) => {
      switch (order) {
        case 'status':
          return JSON.stringify(await officeStatus(office));
        case 'cut':
          await office.network.wan.cut();
          office.isCut = true;
          return 'the internet is gone';
        case 'restore':
          await office.network.wan.restore();
          office.isCut = false;
          return 'the internet is back';
        case 'power':
          return await power(phoneOf(office, words[0]), words[1]);
        case 'move':
          return await move(office, phoneOf(office, words[0]), Number(words[1]));
        case 'call':
          return await call(office, phoneOf(office, words[0]), words[1]);
        case 'code':
          return await codeOf(office);
        case 'kill':
          await office.box.killHard();
          await office.box.start();
          return 'the box was killed and is back';
        case 'stop':
          stop();
          return 'closing';
        default:
          throw new Error(`no order "${order}"; there are:\n${orderUsage}`);
      }
    },
  };
}

async function codeOf({ box }: Office): Promise<string> {
  const code = (await box.print('setup-code')).trim();
  return `${code}\nOpen the page, "Choose a password", and give it there. What needs a machine (updates, backup, network) the office can't do.`;
}

function phoneOf(office: Office, word = ''): OfficePhone {
  const phone = office.phones.find(({ number }) => String(number) === word);
  if (phone === undefined) throw new Error(`no phone "${word}"; there are 1 to ${office.phones.length}`);
  return phone;
}

async function power(phone: OfficePhone, half?: string): Promise<string> {
  if (half !== 'on') await phone.powerOff();
  if (half !== 'off') phone.powerOn();
  return `phone ${phone.number} is ${half === 'off' ? 'off' : 'booting'}`;
}

async function move(office: Office, phone: OfficePhone, port: number): Promise<string> {
  if (!Number.isInteger(port) || port < 1 || port > plan.ports - 2) {
    throw new Error(`no port "${port}" for phones; there are 1 to ${plan.ports - 2}`);
  }
  const other = office.phones.find((one) => one !== phone && one.port === port);
  if (other !== undefined) throw new Error(`phone ${other.number} is plugged into port ${port}`);
  await phone.moveTo(port);
  return `phone ${phone.number} is plugged into port ${port}`;
}

async function call(office: Office, phone: OfficePhone, way?: string): Promise<string> {
  const direction = way === 'in' ? 'inbound' : 'outbound';
  const result = await holdCall(office.cloud, phone, { direction, talkMs: 5000 });
  return `${direction} call: phone sent ${result.phone.sent}, heard ${result.phone.heard} packets; other end sent ${result.callee.sent}, heard ${result.callee.heard}`;
}
