/**
 * The fixed lines of the PowerShell scripts. A module inherits no preferences from a script: every changing cmdlet gets -WhatIf
 * by name, and all of them -ErrorAction by a default.
 */

const head = (parameters: readonly string[]) => [
  '',
  '#Requires -Modules DhcpServer',
  '[CmdletBinding(SupportsShouldProcess = $true)]',
  'param(',
  ...parameters,
  ')',
  'Set-StrictMode -Version 2.0',
  "$ErrorActionPreference = 'Stop'",
  "$PSDefaultParameterValues = @{ '*-DhcpServer*:ErrorAction' = 'Stop' }",
  "$mark = 'Added by Gatehouse'",
];

/** `phones` are the rows of the table of phones. */
export function windowsApply(region: string, phones: readonly string[]): string[] {
  return [
    ...head(['  [Parameter(Mandatory = $true)] [string] $Csv,', "  [string] $ComputerName = 'localhost'"]),
    `$defaultRegion = '${region}'`,
    '$phones = @(',
    ...phones,
    ')',
    ...applyBody.split('\n'),
  ];
}

export function windowsUndo(): string[] {
  return [...head(["  [string] $ComputerName = 'localhost'"]), ...undoBody.split('\n')];
}

const applyBody = String.raw`
function Read-Field($Row, [string] $Name) {
  if ($null -eq $Row.PSObject.Properties[$Name]) { return '' }
  return ([string] $Row.$Name).Trim()
}

function Test-Address([string] $Text) {
  return $Text -match '^((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])$'
}

function Read-Scope($Row) {
  $scope = @{
    ScopeId = Read-Field $Row 'ScopeId'
    Region = Read-Field $Row 'Region'
    NtpServers = @((Read-Field $Row 'NtpServer') -split ';' | Where-Object { $_ -ne '' })
    Offset = Read-Field $Row 'UtcOffsetSeconds'
  }
  if (-not (Test-Address $scope.ScopeId)) { throw "scopes: '$($scope.ScopeId)' is not a ScopeId such as 10.20.0.0" }
  if ($scope.Region -eq '') { $scope.Region = $defaultRegion }
  if (@('noam', 'emea', 'apac') -cnotcontains $scope.Region) { throw "scope $($scope.ScopeId): Region must be noam, emea or apac" }
  foreach ($server in $scope.NtpServers) {
    if (-not (Test-Address $server)) { throw "scope $($scope.ScopeId): NtpServer '$server' is not an IPv4 address" }
  }
  if ($scope.Offset -ne '') {
    if ($scope.Offset -notmatch '^-?[0-9]{1,5}$') { throw "scope $($scope.ScopeId): UtcOffsetSeconds must be a whole number" }
    if ([Math]::Abs([int] $scope.Offset) -gt 50400) { throw "scope $($scope.ScopeId): UtcOffsetSeconds is more than 14 hours" }
    $scope.Offset = '0x{0:X8}' -f [int] $scope.Offset
  }
  return $scope
}

function Get-Partner([string] $ScopeId) {
  $failover = Get-DhcpServerv4Failover -ComputerName $ComputerName -ScopeId $ScopeId -ErrorAction SilentlyContinue
  if ($null -ne $failover) { return [string] $failover.PartnerServer }
  return ''
}

function Add-Definition([string] $Server) {
  $definition = Get-DhcpServerv4OptionDefinition -ComputerName $Server -OptionId 160 -ErrorAction SilentlyContinue
  if ($null -eq $definition) {
    Add-DhcpServerv4OptionDefinition -ComputerName $Server -Name 'Gatehouse provisioning URL' -OptionId 160 -Type 'String' -Description $mark -WhatIf:$WhatIfPreference
  } elseif ($definition.Type -ne 'String') {
    throw "$Server has an option 160 that is no text ($($definition.Type)): remove it or give phones their URL in another way"
  }
}

function Add-VendorClass([string] $Server, [string] $Name, [string] $Data) {
  $present = @(Get-DhcpServerv4Class -ComputerName $Server -Type 'Vendor' | Where-Object { $_.Name -eq $Name })
  if ($present.Count -eq 0) {
    Add-DhcpServerv4Class -ComputerName $Server -Name $Name -Type 'Vendor' -Data $Data -Description $mark -WhatIf:$WhatIfPreference
  } elseif ($present[0].Description -ne $mark) {
    throw "$Server has a vendor class '$Name' that Gatehouse did not make"
  }
}

function Set-Policy($Phone, [string] $ScopeId) {
  $condition = @{}
  if ($Phone.Macs.Count -gt 0) { $condition['MacAddress'] = @('EQ') + $Phone.Macs }
  if ($Phone.Classes.Count -gt 0) {
    $names = @(1..$Phone.Classes.Count | ForEach-Object { "$($Phone.Name) $_*" })
    $condition['VendorClass'] = @('EQ') + $names
  }
  $present = @(Get-DhcpServerv4Policy -ComputerName $ComputerName -ScopeId $ScopeId | Where-Object { $_.Name -eq $Phone.Name })
  if ($present.Count -eq 0) {
    Add-DhcpServerv4Policy -ComputerName $ComputerName -ScopeId $ScopeId -Name $Phone.Name -Condition 'OR' -Description $mark @condition -WhatIf:$WhatIfPreference
  } elseif ($present[0].Description -ne $mark) {
    throw "scope $ScopeId has a policy '$($Phone.Name)' that Gatehouse did not make"
  } else {
    Set-DhcpServerv4Policy -ComputerName $ComputerName -ScopeId $ScopeId -Name $Phone.Name -Condition 'OR' @condition -WhatIf:$WhatIfPreference
  }
}

function Set-Options($Phone, $Scope) {
  foreach ($option in $Phone.Options[$Scope.Region]) {
    $value = $option.Value
    if ($option.Id -eq 42 -and $Scope.NtpServers.Count -gt 0) { $value = $Scope.NtpServers }
    if ($option.Id -eq 2 -and $Scope.Offset -ne '') { $value = @($Scope.Offset) }
    Set-DhcpServerv4OptionValue -ComputerName $ComputerName -ScopeId $Scope.ScopeId -PolicyName $Phone.Name -OptionId $option.Id -Value $value -WhatIf:$WhatIfPreference
  }
}

# Every row is judged before anything is changed.
$scopes = @(Import-Csv -LiteralPath $Csv | ForEach-Object { Read-Scope $_ })
if ($scopes.Count -eq 0) { throw "$Csv names no scope" }
foreach ($scope in $scopes) { $scope.Partner = Get-Partner $scope.ScopeId }
$servers = @($ComputerName) + @($scopes | ForEach-Object { $_.Partner } | Where-Object { $_ -ne '' } | Sort-Object -Unique)

# Failover replicates scopes with their policies, but not what policies need: definitions and classes.
foreach ($server in $servers) {
  Add-Definition $server
  foreach ($phone in $phones) {
    for ($at = 0; $at -lt $phone.Classes.Count; $at++) {
      Add-VendorClass $server "$($phone.Name) $($at + 1)" $phone.Classes[$at]
    }
  }
}

foreach ($scope in $scopes) {
  foreach ($phone in $phones) {
    Set-Policy $phone $scope.ScopeId
    Set-Options $phone $scope
  }
  if ($scope.Partner -ne '') {
    Invoke-DhcpServerv4FailoverReplication -ComputerName $ComputerName -ScopeId $scope.ScopeId -Force -WhatIf:$WhatIfPreference
  }
  Write-Output "scope $($scope.ScopeId): done"
}`;

const undoBody = String.raw`
$servers = @($ComputerName) + @(Get-DhcpServerv4Failover -ComputerName $ComputerName | ForEach-Object { [string] $_.PartnerServer } | Sort-Object -Unique)
foreach ($server in $servers) {
  foreach ($scope in @(Get-DhcpServerv4Scope -ComputerName $server)) {
    foreach ($policy in @(Get-DhcpServerv4Policy -ComputerName $server -ScopeId $scope.ScopeId | Where-Object { $_.Description -eq $mark })) {
      Remove-DhcpServerv4Policy -ComputerName $server -ScopeId $scope.ScopeId -Name $policy.Name -WhatIf:$WhatIfPreference
    }
  }
  foreach ($class in @(Get-DhcpServerv4Class -ComputerName $server -Type 'Vendor' | Where-Object { $_.Description -eq $mark })) {
    Remove-DhcpServerv4Class -ComputerName $server -Name $class.Name -Type 'Vendor' -WhatIf:$WhatIfPreference
  }
  $definition = Get-DhcpServerv4OptionDefinition -ComputerName $server -OptionId 160 -ErrorAction SilentlyContinue
  if ($null -ne $definition -and $definition.Description -eq $mark) {
    Remove-DhcpServerv4OptionDefinition -ComputerName $server -OptionId 160 -WhatIf:$WhatIfPreference
  }
  Write-Output "$($server): what Gatehouse added is gone"
}`;
