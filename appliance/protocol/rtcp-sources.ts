/** Synchronisation sources in a compound of reports (RFC 3550 section 6, RFC 3611, RFC 4585) changed where they stand. Never throws. */

const codes = {
  senderReport: 200,
  receiverReport: 201,
  sourceDescription: 202,
  bye: 203,
  payloadFeedback: 206,
  extendedReport: 207,
} as const;
const headBytes = 4;
const blockBytes = 24;
const fullIntraRequest = 4;

/**
 * `sender`: those that the reports are of. `reported`: those that they are about. Each gets these bits turned over; the same again makes
 * it what it was.
 */
export function turnSources(compound: Uint8Array, which: 'sender' | 'reported', bits: number): void {
  const view = new DataView(compound.buffer, compound.byteOffset, compound.byteLength);
  for (let at = 0; at + headBytes <= view.byteLength;) {
    const end = at + headBytes + view.getUint16(at + 2) * 4;
    if (end > view.byteLength) return;
    const part = { view, at, end, code: view.getUint8(at + 1), count: view.getUint8(at) & 31 };
    for (const place of which === 'sender' ? sendersIn(part) : reportedIn(part))
      if (place + 4 <= end) turnBits(view, place, bits);
    at = end;
  }
}

export function turnBits(view: DataView, at: number, bits: number): void {
  view.setUint32(at, view.getUint32(at) ^ bits);
}

interface Part {
  readonly view: DataView;
  readonly at: number;
  readonly end: number;
  readonly code: number;
  /** Of blocks, chunks or sources; of feedback its format. */
  readonly count: number;
}

function sendersIn(part: Part): number[] {
  const body = part.at + headBytes;
  if (part.code === codes.bye) return steps(body, { count: part.count, bytes: 4 });
  return part.code === codes.sourceDescription ? chunksIn(part) : [body];
}

/** Each begins with its source; items end with a zero, and the chunk with its word. */
function chunksIn({ view, at, end, count }: Part): number[] {
  const places: number[] = [];
  let place = at + headBytes;
  while (places.length < count && place + 4 <= end) {
    places.push(place);
    let item = place + 4;
    while (item + 1 < end && view.getUint8(item) !== 0) item += 2 + view.getUint8(item + 1);
    place = at + (((item - at) | 3) + 1);
  }
  return places;
}

function reportedIn(part: Part): number[] {
  const { at, end, code, count } = part;
  const media = at + headBytes + 4;
  switch (code) {
    case codes.senderReport:
      return steps(media + 20, { count, bytes: blockBytes });
    case codes.receiverReport:
      return steps(media, { count, bytes: blockBytes });
    case codes.extendedReport:
      return extendedIn(part);
    case codes.payloadFeedback:
      // RFC 5104 section 4.3.1: who shall send a whole picture stands behind.
      if (count === fullIntraRequest)
        return steps(media + 4, { count: Math.floor((end - media - 4) / 8), bytes: 8 });
      return [media];
    case codes.payloadFeedback - 1:
      return [media];
    default:
      return [];
  }
}

/** Blocks of RFC 3611: most name their source first, DLRR one in each of its parts, reference times none. */
function extendedIn({ view, at, end }: Part): number[] {
  const places: number[] = [];
  for (let block = at + 8; block + 4 <= end;) {
    const words = view.getUint16(block + 2);
    const kind = view.getUint8(block);
    if ([1, 2, 3, 6, 7].includes(kind)) places.push(block + 4);
    if (kind === 5) places.push(...steps(block + 4, { count: Math.floor(words / 3), bytes: 12 }));
    block += 4 + words * 4;
  }
  return places;
}

function steps(first: number, { count, bytes }: { count: number; bytes: number }): number[] {
  return Array.from({ length: count }, (_, nth) => first + nth * bytes);
}
