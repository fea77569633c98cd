/** Codecs of a medium by payload type: static ones of RFC 3551 table 4, others by `a=rtpmap`. */
import type { SdpMedia } from './sdp.ts';

export interface RtpCodec {
  /** 7 bits. */
  readonly payloadType: number;
  /** In upper case: `PCMU`, `G722`, `OPUS`, `TELEPHONE-EVENT`. */
  readonly name: string;
  /** Of RTP time stamps, Hz: for G.722 8000, although it samples at 16,000. */
  readonly clockRate: number;
}

const fixed: readonly RtpCodec[] = [
  { payloadType: 0, name: 'PCMU', clockRate: 8000 },
  { payloadType: 3, name: 'GSM', clockRate: 8000 },
  { payloadType: 4, name: 'G723', clockRate: 8000 },
  { payloadType: 8, name: 'PCMA', clockRate: 8000 },
  { payloadType: 9, name: 'G722', clockRate: 8000 },
  { payloadType: 13, name: 'CN', clockRate: 8000 },
  { payloadType: 18, name: 'G729', clockRate: 8000 },
];

/** In the order of the medium's formats; what can't be read is left out. */
export function codecsOf({ formats, lines }: SdpMedia): RtpCodec[] {
  return formats.flatMap((format) => {
    if (!/^\d{1,3}$/.test(format) || Number(format) > 127) return [];
    const payloadType = Number(format);
    const line = lines.find((each) => each.startsWith(`a=rtpmap:${format} `)) ?? '';
    const [, name, rate] = /^a=rtpmap:\d+ ([\w.+-]{1,32})\/([1-9]\d{2,5})(?:\/\d+)?$/.exec(line) ?? [];
    if (name !== undefined) return [{ payloadType, name: name.toUpperCase(), clockRate: Number(rate) }];
    return fixed.filter((codec) => codec.payloadType === payloadType);
  });
}
