/** Files of a firmware folder, and those who ask for them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { dirname, join } from 'node:path';
import { readFirmwareFiles, type FirmwareFile } from '../../appliance/store/firmware-files.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { until } from './command.ts';
import { startSite, type ProvisioningSite, type SiteOptions } from './provisioning.ts';

/** Returns the file. `path`: `yealink/T46S/66.86.5.1/T46S.rom`. */
export function putFirmware(directory: string, path: string, content: Uint8Array | string): string {
  const file = join(directory, 'provisioning/firmware', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

export function firmwareFilesOf(directory: string): FirmwareFile[] {
  using reader = openReader(directory, 'provisioning');
  return reader ? readFirmwareFiles(reader.db) : [];
}

/** With what was put into its folder before, once the part has looked at it. */
export async function startFirmwareSite(options: SiteOptions): Promise<ProvisioningSite> {
  const site = await startSite(options);
  const look = () => firmwareFilesOf(site.directory).length > 0 || undefined;
  await until('the look at the firmware folder', look, { timeoutMs: 10_000, everyMs: 10 });
  return site;
}

export interface Get {
  /** Origin. */
  readonly url: string;
  /** As it goes out: nothing is normalised. */
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly ca?: string;
  readonly from?: string;
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Rejects when the answer is cut short. `onChunk` sees the body as it comes, which is then not kept. */
export async function get(asked: Get, onChunk?: (chunk: Buffer) => void): Promise<Got> {
  const { url, path, method = 'GET', headers = {}, ca, from } = asked;
  const { protocol, hostname, port } = new URL(url);
  const options = {
    hostname,
    port,
    path,
    method,
    headers,
    agent: false,
    ...(ca === undefined ? {} : { ca }),
    ...(from === undefined ? {} : { localAddress: from }),
  };
  return await new Promise((resolve, reject) => {
    const request = (protocol === 'https:' ? requestHttps : requestHttp)(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', onChunk ?? ((chunk: Buffer) => chunks.push(chunk)));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}
