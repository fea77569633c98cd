/** The image under test: the one that `GATEHOUSE_IMAGE` names, else what this tree's build left. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const out = join(import.meta.dirname, '../../image/out');

export function imageFile(): string {
  const named = process.env['GATEHOUSE_IMAGE'];
  if (named !== undefined && named !== '') return named;
  const { version } = JSON.parse(readFileSync(join(out, '../../package.json'), 'utf8')) as {
    version: string;
  };
  const name = `gatehouse_${process.env['GATEHOUSE_VERSION'] ?? version}_amd64`;
  for (const file of [`${name}.raw`, `${name}.qcow2`])
    if (existsSync(join(out, file))) return join(out, file);
  throw new Error(`there is no image ${name} in ${out}: npm run image`);
}
