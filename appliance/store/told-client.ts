/** What a client of another server said of itself, and what it was told by this box: as columns and as an object. */

export interface ToldClient {
  readonly mac: string;
  readonly vendor?: string;
  /** Option 60 as text. */
  readonly vendorClass?: string;
  readonly hostname?: string;
  /** Option number to what was sent, as text. */
  readonly sent: Readonly<Record<string, string>>;
}

export interface ToldRow {
  readonly mac: string;
  readonly vendor: string | null;
  readonly vendor_class: string | null;
  readonly hostname: string | null;
  /** JSON. */
  readonly sent: string;
}

export function toldClient(row: ToldRow): ToldClient {
  return {
    mac: row.mac,
    sent: JSON.parse(row.sent) as Record<string, string>,
    ...(row.vendor === null ? {} : { vendor: row.vendor }),
    ...(row.vendor_class === null ? {} : { vendorClass: row.vendor_class }),
    ...(row.hostname === null ? {} : { hostname: row.hostname }),
  };
}

/** By name, for a statement. */
export function toldValues({ mac, vendor, vendorClass, hostname, sent }: ToldClient) {
  return {
    mac,
    vendor: vendor ?? null,
    vendorClass: vendorClass ?? null,
    hostname: hostname ?? null,
    sent: JSON.stringify(sent),
  };
}
