/** The office at a glance: what each phone says of itself beside what Gatehouse says of it. */
import type { Office } from './office.ts';

export interface PhoneStatus {
  readonly phone: number;
  readonly vendor: string;
  readonly model: string;
  /** How far the phone itself has come. */
  readonly step: string;
  /** How far it has come in Gatehouse's eyes. */
  readonly stage: string;
  readonly ip: string;
  readonly port: string;
  readonly place: string;
  readonly rtp: { readonly sent: number; readonly heard: number };
  readonly problem: string;
}

export interface OfficeStatus {
  readonly internet: 'there' | 'cut';
  readonly box: 'running' | 'ended';
  readonly phones: readonly PhoneStatus[];
}

export async function officeStatus(office: Office): Promise<OfficeStatus> {
  const rows = await office.phoneRows().catch(() => undefined);
  const phones = await Promise.all(
    office.phones.map(async (phone): Promise<PhoneStatus> => {
      const row = rows?.get(phone.kind.mac);
      return {
        phone: phone.number,
        vendor: phone.kind.vendor,
        model: phone.kind.model,
        step: phone.step,
        stage: row?.stage ?? '',
        ip: phone.lease?.ip ?? '',
        port: phone.port === undefined ? '' : `port${phone.port}`,
        place: row?.place ?? '',
        rtp: await phone.rtp(),
        problem: phone.problem ?? row?.problem ?? '',
      };
    }),
  );
  return {
    internet: office.isCut ? 'cut' : 'there',
    box: office.box.isRunning() ? 'running' : 'ended',
    phones,
  };
}

const columns: readonly [title: string, width: number, value: (phone: PhoneStatus) => string][] = [
  ['', 2, ({ phone }) => String(phone)],
  ['phone', 20, ({ vendor, model }) => `${vendor} ${model}`],
  ['says', 11, ({ step }) => step],
  ['Gatehouse says', 15, ({ stage }) => stage],
  ['address', 13, ({ ip }) => ip],
  ['plugged', 8, ({ port }) => port],
  ['place', 31, ({ place }) => place],
  ['RTP out/in', 13, ({ rtp }) => `${rtp.sent}/${rtp.heard}`],
];

/** Lines for a terminal of this width. */
export function tableLines(status: OfficeStatus, width: number): string[] {
  const row = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(columns[at]?.[1] ?? 0))
      .join(' ')
      .slice(0, width);
  const problems = status.phones.flatMap(({ phone, problem }) =>
    problem === '' ? [] : [`phone ${phone}: ${problem.split('\n')[0]}`.slice(0, width)],
  );
  return [
    `internet ${status.internet}   box ${status.box}`,
    '',
    row(columns.map(([title]) => title)),
    ...status.phones.map((phone) => row(columns.map(([, , value]) => value(phone)))),
    ...(problems.length === 0 ? [] : ['', ...problems]),
  ];
}
