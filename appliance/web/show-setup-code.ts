/** The set-up code for the box's screen, where there is one: in a file in memory that only its group can read. */
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** The file's name comes by `GATEHOUSE_SETUP_CODE_FILE`. Undefined takes away what is shown: the box has its password. Throws what the file system says. */
export function showSetupCode(
  code: string | undefined,
  file = process.env['GATEHOUSE_SETUP_CODE_FILE'],
): void {
  if (file === undefined || file === '') return;
  if (code === undefined) return rmSync(file, { force: true });
  writeFileSync(`${file}.new`, `${code}\n`, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o640);
  renameSync(`${file}.new`, file);
}
