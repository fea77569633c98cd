/** Names of SIP header fields: compact forms and the case in which they are written (IANA registry "SIP Parameters"). */

const compactForms: Record<string, string> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  n: 'Identity-Info',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

/** Fields whose case isn't that of a title. */
const irregular = [
  'Call-ID',
  'CSeq',
  'MIME-Version',
  'Min-SE',
  'P-Associated-URI',
  'P-DCS-Billing-Info',
  'P-DCS-LAES',
  'P-DCS-OSPS',
  'P-Visited-Network-ID',
  'RAck',
  'Refer-Events-At',
  'RSeq',
  'SIP-ETag',
  'SIP-If-Match',
  'WWW-Authenticate',
];

/** No object: names such as `constructor` come from the network too. */
const known = new Map<string, string>([
  ...Object.entries(compactForms),
  ...irregular.map((name) => [name.toLowerCase(), name] as const),
]);
const seen = new Map<string, string>();

/** `i` and `call-id` → `Call-ID`; a name that nobody registered gets its words capitalised unless it has capitals already. */
export function canonicalHeaderName(name: string): string {
  const found = seen.get(name);
  if (found !== undefined) return found;
  const lower = name.toLowerCase();
  const canonical = known.get(lower) ?? titleCase(name, lower);
  // Bounded: names come from the network.
  if (seen.size < 512) seen.set(name, canonical);
  return canonical;
}

/** Registered fields all are title case, so it is right for them whatever came; `X-…` keeps the case of its sender. */
function titleCase(name: string, lower: string): string {
  if (lower.startsWith('x-') && name !== lower) return name;
  return lower.replaceAll(
    /(^|-)([a-z])/g,
    (_all, dash: string, letter: string) => dash + letter.toUpperCase(),
  );
}
