/** What a phone gets of an answer of the cloud. Pure but for the templates of our own that are laid over it. */
import { DecodeError } from '../protocol/bytes.ts';
import type { HttpAnswer } from '../net/http-server.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import type { Header } from '../net/http-upstream.ts';
import type { PassedAccount } from './accounts.ts';
import type { KeptAnswer } from './answers.ts';
import { withOwnTag } from './conditions.ts';
import type { Context } from './context.ts';
import { firmwareOverlays } from './firmware-overlay.ts';
import { phoneHeaders } from './headers.ts';
import { urlInBox, type LinkPolicy, type LinkTarget } from './links.ts';
import { leaveOverlays, vendorOverlays } from './overlay.ts';
import type { Passing } from './passing.ts';
import { rewriteBody, type Dropped, type Overlay } from './rewrite.ts';
import type { VendorProvisioning } from './vendor-files.ts';

export interface Answered {
  readonly answer: HttpAnswer;
  readonly dropped: readonly Dropped[];
  /** Where the phone was led, by way of the box. */
  readonly links: readonly LinkTarget[];
  /** SIP accounts that it holds. */
  readonly accounts?: readonly PassedAccount[];
  /** What the answer offers the phone. */
  readonly offered?: FirmwareFile | undefined;
}

/** The phone's answer from the cloud's; a sentence when it must not reach the phone. */
export function phoneAnswer(context: Context, passing: Passing, kept: KeptAnswer): Answered | string {
  const { box, upstream, vendor } = passing;
  const { status, body } = kept;
  const isPlainFile = vendor?.isPlainFile;
  const links: LinkPolicy = {
    hosts: context.hosts,
    box,
    from: upstream,
    ...(isPlainFile ? { isPlainFile } : {}),
  };
  const headers = plainHead(context, passing, kept);
  if (typeof headers === 'string') return headers;
  const isApplied = status >= 200 && status < 300 && body.length > 0;
  if (!isApplied || vendor === undefined || vendor.isPage(upstream.path))
    return { answer: { status, headers, body }, dropped: [], links: [] };
  return rewritten(context, passing, { kept, headers, links });
}

/** The headers of the phone's answer where its body is not to be read; a sentence when it must not reach the phone. */
export function plainHead(
  { hosts }: Context,
  { box, upstream, vendor }: Passing,
  { status, headers }: Pick<KeptAnswer, 'status' | 'headers'>,
): Header[] | string {
  // Asked for in whole: half a configuration can't be read, and what is not read does not pass.
  if (status === 206) return 'part of a configuration where all was asked for';
  const plain = phoneHeaders(headers);
  const moved = withLocation(plain, status, { hosts, box, from: upstream });
  // A page may send a browser anywhere: it applies nothing of what is there.
  return typeof moved === 'string' && vendor?.isPage(upstream.path) === true ? plain : moved;
}

function rewritten(
  context: Context,
  passing: Passing,
  { kept, headers, links }: { kept: KeptAnswer; headers: Header[]; links: LinkPolicy },
): Answered | string {
  const { status, body } = kept;
  const { vendor } = passing;
  if (vendor === undefined) return { answer: { status, headers, body }, dropped: [], links: [] };
  try {
    const result = rewriteBody(Buffer.from(body).toString('latin1'), {
      format: vendor.format,
      isProvisioningUrl: vendor.isProvisioningUrl,
      isPage: vendor.isPage,
      danger: vendor.danger,
      links,
      overlays: overlaysFor(context, vendor, passing),
    });
    const changed = Buffer.from(result.body, 'latin1');
    const isSame = changed.equals(body);
    return {
      answer: { status, headers: isSame ? headers : withOwnTag(headers, changed), body: changed },
      dropped: result.dropped,
      links: result.links,
      accounts: vendor.accountsIn?.(result.passed) ?? [],
      offered: isOffered(vendor, passing) ? passing.firmware : undefined,
    };
  } catch (error) {
    if (error instanceof DecodeError) return `configuration can't be read: ${error.message}`;
    throw error;
  }
}

function isOffered({ firmware }: VendorProvisioning, { request, isBypassed }: Passing): boolean {
  return firmware !== undefined && !firmware.isBootstrapOnly && request.isSecure && !isBypassed;
}

function overlaysFor(
  context: Context,
  vendor: VendorProvisioning,
  { asker, firmware, isBypassed, posture, request, upstream }: Passing,
): Overlay[] {
  const values = context.overlayValues(asker);
  const onRefused = (name: string, error: unknown) => context.vendors.refuse(asker.vendor, name, error);
  if (isBypassed) return leaveOverlays(vendor, values, { upstream, onRefused });
  // What came in clear may be from a phone that does not trust us: it could not reach our TLS port.
  if (!request.isSecure) return [];
  return [
    ...vendorOverlays(vendor, values, { isFull: posture === 'full', onRefused }),
    ...firmwareOverlays(context, vendor, firmware),
  ];
}

/** Phones follow redirects themselves: the target must be one that they may be sent to. */
function withLocation(headers: Header[], status: number, links: LinkPolicy): Header[] | string {
  if (status < 300 || status > 399) return headers;
  const out: Header[] = [];
  for (const [name, value] of headers) {
    const link = name.toLowerCase() === 'location' ? urlInBox(value, links) : undefined;
    if (link?.kind === 'refused') return `redirect: ${link.reason}`;
    out.push([name, link?.kind === 'changed' ? link.value : value]);
  }
  return out;
}
