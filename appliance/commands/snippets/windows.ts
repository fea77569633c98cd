/** PowerShell for the DHCP role of Windows Server 2012 R2 and later. Pure. Cmdlets: Microsoft's DhcpServer module. */
import { regions, type Region } from '../../phones/url.ts';
import type { ClassSign, PhoneClass, Snippet } from './phone-classes.ts';
import { optionValue, hexDigits } from './option-value.ts';
import { windowsApply, windowsUndo } from './windows-script.ts';
import { introduction } from './words.ts';

/** One snippet a region, since a row of the CSV may name its own. */
export type SnippetsByRegion = Readonly<Record<Region, Snippet>>;

const notes = [
  'This script was checked against the documented cmdlets, but never run on a Windows server: use -WhatIf first, which changes nothing.',
  'Run it as a member of DHCP Administrators. Running it twice is the same as once. It refuses to touch a policy, class or option 160 that somebody else made.',
  "Windows sends an option only to devices that ask for it, and can't look for a binary option 60: phones that send one are found by their MAC.",
];

export function windowsSnippet(snippets: SnippetsByRegion, region: Region): string[] {
  const snippet = snippets[region];
  return [
    ...introduction(snippet, {
      comment: '#',
      place:
        'Save as gatehouse.ps1 and a list of scopes as scopes.csv: first line  ScopeId,Region,NtpServer,UtcOffsetSeconds  then a line a scope, such as  10.20.0.0,emea,,3600  (all but ScopeId may be empty; two time servers are separated by a semicolon). Then  .\\gatehouse.ps1 -Csv scopes.csv -WhatIf  and the same without -WhatIf.',
      undo: '`gatehouse snippet windows --undo` prints a script that removes what this one added, and nothing else.',
      notes,
    }),
    ...windowsApply(region, phoneTable(snippets)),
  ];
}

export function windowsUndoSnippet({ site }: Snippet): string[] {
  const nothingSet = { site, classes: [], notToldApart: [], warnings: [] };
  return [
    ...introduction(nothingSet, {
      comment: '#',
      place: 'Save as gatehouse-undo.ps1, then  .\\gatehouse-undo.ps1 -WhatIf  and the same without -WhatIf.',
      undo: 'Run the script of `gatehouse snippet windows` again.',
      notes: [
        'Removes the policies, vendor classes and option definition that the description "Added by Gatehouse" marks, from every scope of this server and its failover partners.',
        'This script was checked against the documented cmdlets, but never run on a Windows server: use -WhatIf first.',
      ],
    }),
    ...windowsUndo(),
  ];
}

/** `'…'`, with what PowerShell takes for a quotation mark doubled and no line end. */
export function quoted(text: string): string {
  return `'${text.replaceAll(/['\u2018-\u201B]/g, '$&$&').replaceAll(/[\0\r\n]/g, ' ')}'`;
}

function phoneTable(snippets: SnippetsByRegion): string[] {
  return snippets[regions[0]].classes.flatMap(({ id }) => {
    const inRegion = regions.map(
      (region) => [region, snippets[region].classes.find((one) => one.id === id)] as const,
    );
    const [, first] = inRegion[0] ?? [];
    const data = first?.signs.flatMap(textSign) ?? [];
    if (first === undefined || (data.length === 0 && first.ouis.length === 0)) return [];
    return [
      '  @{',
      `    Name = ${quoted(`Gatehouse ${id}`)}`,
      `    Macs = @(${first.ouis.map((oui) => quoted(`${oui.replaceAll(':', '').toUpperCase()}*`)).join(', ')})`,
      `    Classes = @(${data.map(quoted).join(', ')})`,
      '    Options = @{',
      ...inRegion.flatMap(([region, one]) =>
        one === undefined ? [] : [`      ${quoted(region)} = @(`, ...optionLines(one), '      )'],
      ),
      '    }',
      '  }',
    ];
  });
}

/** A class has no end in Windows, and its text no control character. */
function textSign({ starts }: ClassSign): string[] {
  const text = Buffer.from(starts).toString('latin1');
  return /^[\x20-\x7E]+$/.test(text) ? [text] : [];
}

function optionLines({ options }: PhoneClass): string[] {
  return Array.from(
    options,
    ([code, bytes]) =>
      `        @{ Id = ${code}; Value = @(${optionWords(code, bytes).map(quoted).join(', ')}) }`,
  );
}

/** Numbers as unsigned hexadecimal: that is how a DWord holds an offset west of UTC. */
function optionWords(code: number, bytes: Uint8Array): string[] {
  const value = optionValue(code, bytes);
  if (value.type === 'addresses') return [...value.value];
  if (value.type === 'text') return [value.value];
  if (value.type === 'number') return [`0x${hexDigits(bytes).toUpperCase()}`];
  return Array.from(bytes, (byte) => `0x${hexDigits(Uint8Array.of(byte)).toUpperCase()}`);
}
