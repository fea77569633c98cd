import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../appliance/config.ts';
import { snippets } from '../../../appliance/commands/snippet.ts';
import { quoted } from '../../../appliance/commands/snippets/windows.ts';
import { checkPowershell } from '../../support/powershell.ts';
import * as fc from 'fast-check';

const winter = Date.parse('2026-01-15T12:00:00Z');
const config = parseConfig(
  '[site]\naddress = "10.66.0.1"\ntime_zone = "America/New_York"\nposture = "assist"\nregion = "noam"\n',
);
const print = (words: string, settings = config) =>
  `${snippets[words]?.(settings, winter).join('\n') ?? ''}\n`;

describe('the script for Windows', () => {
  const script = print('windows');

  it('uses documented commands and parameters only, and each change obeys -WhatIf', () => {
    const { commands } = checkPowershell(script);
    expect(commands.filter((name) => name.includes('-DhcpServer') && !name.startsWith('Get-'))).toEqual([
      'Add-DhcpServerv4OptionDefinition',
      'Add-DhcpServerv4Class',
      'Add-DhcpServerv4Policy',
      'Set-DhcpServerv4Policy',
      'Set-DhcpServerv4OptionValue',
      'Invoke-DhcpServerv4FailoverReplication',
    ]);
    expect(script).toMatch(/^\[CmdletBinding\(SupportsShouldProcess = \$true\)\]$/m);
  });

  it('finds phones by MAC prefix and by class, and gives each region its own URL', () => {
    expect(script).toContain("Macs = @('0004F2*', '482567*', '64167F*', '9CADEF*')");
    expect(script).toContain("Classes = @('Cisco Systems, Inc. IP Phone CP-', 'CP-')");
    for (const region of ['noam', 'emea', 'apac'])
      expect(script).toContain(
        `@{ Id = 160; Value = @('http://${region}.ipp.sdg.teams.microsoft.com/$PSN.xml') }`,
      );
    expect(script).toContain("$defaultRegion = 'noam'");
  });

  it('writes an offset west of UTC as the unsigned number that a DWord holds', () => {
    expect(script).toContain("@{ Id = 2; Value = @('0xFFFFB9B0') }");
  });

  it('judges every field of the list before it changes anything', () => {
    const judged = script.indexOf('Read-Scope $_');
    expect(judged).toBeGreaterThan(0);
    const changes = script.slice(judged);
    for (const change of ['Add-Definition $server', 'Set-Policy $phone', 'Set-Options $phone'])
      expect(changes).toContain(change);
    expect(script.slice(0, judged)).not.toMatch(/^(Add|Set)-(Definition|VendorClass|Policy|Options) /m);
  });
});

describe('the script that undoes', () => {
  const script = print('windows --undo');

  it('removes only what bears our mark, and obeys -WhatIf', () => {
    const { commands } = checkPowershell(script);
    const removals = commands.filter((name) => name.startsWith('Remove-'));
    expect(removals).toEqual([
      'Remove-DhcpServerv4Policy',
      'Remove-DhcpServerv4Class',
      'Remove-DhcpServerv4OptionDefinition',
    ]);
    expect(script.match(/Description -eq \$mark/g)).toHaveLength(removals.length);
  });
});

it('any text in quotes is read back as it was, but for the line ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { strings } = checkPowershell(`Write-Output ${quoted(text)}\n`);
      expect(strings).toEqual([text.replaceAll(/[\0\r\n]/g, ' ')]);
    }),
    { numRuns: 30 },
  );
});

it.each([
  ['an unknown command', 'Format-Volume -Name $x', 'no command that we know'],
  ['an unknown parameter', 'Get-DhcpServerv4Scope -Scope $x', 'no parameter -Scope'],
  ['a change without -WhatIf', 'Remove-DhcpServerv4Policy -Name $x', 'without -WhatIf'],
  ['a word without quotes', 'Import-Csv -LiteralPath scopes.csv', 'takes a string'],
  ['a string without end', "Write-Output 'x", 'without end'],
  ['a bracket too many', 'Write-Output $x)', 'closes nothing'],
])('the checker refuses %s', (_what, script, problem) => {
  expect(() => checkPowershell(`${script}\n`)).toThrow(problem);
});
