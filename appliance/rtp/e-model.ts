/** How good speech sounds, estimated from what the network did to it: the E-model, ITU-T G.107, with values of G.113 appendix I. */

export interface Impairment {
  /** Of the codec, in upper case as in SDP; another one is taken for G.711. */
  readonly codec: string | undefined;
  /** 0–1, of the packets. */
  readonly loss: number;
  /** From mouth to ear, ms. */
  readonly delayMs: number;
}

interface CodecImpairment {
  /** Equipment impairment factor without loss. */
  readonly ie: number;
  /** Robustness against loss: the larger, the less is heard of it. */
  readonly bpl: number;
}

/** G.711 with concealment of losses, as phones have it. */
const g711: CodecImpairment = { ie: 0, bpl: 25.1 };

/**
 * On the scale for narrow-band speech, on which wide-band codecs can't be better than G.711 is. G.113 has no values for the
 * last three there: they are ours, taken to be as robust as G.711 with concealment, Opus with its own error correction more.
 */
const codecs: Readonly<Record<string, CodecImpairment>> = {
  PCMU: g711,
  PCMA: g711,
  G729: { ie: 11, bpl: 19 },
  G723: { ie: 15, bpl: 16.1 },
  'GSM-EFR': { ie: 5, bpl: 10 },
  GSM: { ie: 20, bpl: 10 },
  G722: g711,
  SILK: g711,
  OPUS: { ie: 0, bpl: 30 },
};

/** R of a connection with default values of all other parameters (G.107 table 3). */
const bestR = 93.2;

/** The rating factor R, 0–93.2. Losses are taken to be independent (BurstR = 1), echo to be cancelled. */
export function rating({ codec, loss, delayMs }: Impairment): number {
  const { ie, bpl } = codecs[codec ?? ''] ?? g711;
  const percent = Math.min(1, Math.max(0, loss)) * 100;
  const effective = ie + (95 - ie) * (percent / (percent + bpl));
  return Math.max(0, bestR - delayImpairment(delayMs) - effective);
}

/** Mean opinion score, 1 (bad) to 4.4 (as good as a telephone gets): G.107 annex B. */
export function meanOpinionScore(impairment: Impairment): number {
  const r = rating(impairment);
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 0.000_007);
}

/** Idd of G.107 equation 7-27: delay without echo is not noticed below 100 ms. */
function delayImpairment(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}
