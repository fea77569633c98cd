/** Headers of some of the packets that the kernel relays, logged by its rules and read by a tcpdump child. */
import { openCapture, type Capture } from '../net/capture.ts';
import { DecodeError } from '../protocol/bytes.ts';
import { decodeNflog, nflogLinkType } from '../protocol/nflog.ts';
import type { World } from '../world.ts';
import { sampleGroup } from './kernel-rules.ts';

export interface Sample {
  /** Ours, that the packet came to. */
  readonly port: number;
  /** The beginning of an RTP packet. */
  readonly header: Uint8Array;
  readonly atMs: number;
}

export interface Samples extends AsyncDisposable {
  readonly counters: { kernel_samples: number };
}

/** Without tcpdump, or the right to hear it, nothing comes, and only reports say how the kernel's packets fare. */
export function openSamples({ clock, log }: World, onSample: (sample: Sample) => void): Samples {
  const counters = { kernel_samples: 0 };
  const capture: Capture = openCapture({
    interface: `nflog:${sampleGroup}`,
    linkType: nflogLinkType,
    filter: '',
    clock,
    log,
    onPacket: ({ bytes, at: readAt }) => {
      try {
        const { at = readAt, destinationPort, payload } = decodeNflog(bytes);
        counters.kernel_samples += 1;
        onSample({ port: destinationPort, header: payload, atMs: at });
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
      }
    },
  });
  return { counters, [Symbol.asyncDispose]: () => capture[Symbol.asyncDispose]() };
}
