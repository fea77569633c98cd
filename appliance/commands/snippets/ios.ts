/** DHCP pools for Cisco IOS and IOS XE. Pure. */
import { optionValue, hexDigits } from './option-value.ts';
import type { PhoneClass, Snippet } from './phone-classes.ts';
import { introduction } from './words.ts';

export function iosSnippet(snippet: Snippet): string[] {
  return [
    ...introduction(snippet, {
      comment: '!',
      place:
        "Paste in configuration mode the pool of the vendor whose phones are in that VLAN, put the VLAN's own network and default-router in, and `write memory`. A pool without a network gives out nothing.",
      undo: 'no ip dhcp pool NAME, for each pool that you pasted; or in a pool of your own `no option 160` and so on.',
      notes: [
        "IOS gives the options of a pool to every device that gets an address from it. It can't choose options by MAC prefix or by option 60: keep PCs and phones of other vendors out of that VLAN, or use the box or another server there.",
        'For a single phone in a mixed VLAN: a pool with `host ADDRESS MASK` and `client-identifier 01xx.xxxx.xxxx.xx` (01 and its MAC), and these option lines.',
        'This was checked against the documented syntax, but never loaded into a router.',
      ],
    }),
    ...snippet.classes.flatMap(pool),
  ];
}

function pool({ id, name, options }: PhoneClass): string[] {
  return [
    '!',
    `! ${name}`,
    `ip dhcp pool GATEHOUSE-${id.toUpperCase()}`,
    ...Array.from(options, ([code, bytes]) => ` option ${code} ${words(code, bytes)}`),
  ];
}

function words(code: number, bytes: Uint8Array): string {
  const value = optionValue(code, bytes);
  if (value.type === 'addresses') return `ip ${value.value.join(' ')}`;
  if (value.type === 'text') return `ascii "${value.value}"`;
  return `hex ${hexDigits(bytes)}`;
}
