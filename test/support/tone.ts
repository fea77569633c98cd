/** Whether G.711 holds a tone: what came through a call is what was spoken into it. */

const frameSamples = 160;

/** Share of the energy of μ-law samples (8 kHz) that lies at this frequency: near 1 for a tone, whatever gaps are in it. */
export function toneShare(samples: Uint8Array, hertz: number): number {
  const shares: number[] = [];
  for (let at = 0; at + frameSamples <= samples.length; at += frameSamples) {
    shares.push(shareOfFrame(samples.subarray(at, at + frameSamples), hertz));
  }
  return shares.toSorted((a, b) => a - b)[Math.floor(shares.length / 2)] ?? 0;
}

function shareOfFrame(samples: Uint8Array, hertz: number): number {
  let [re, im, energy] = [0, 0, 0];
  samples.forEach((byte, at) => {
    const value = linear(byte);
    const angle = (2 * Math.PI * hertz * at) / 8000;
    re += value * Math.cos(angle);
    im += value * Math.sin(angle);
    energy += value * value;
  });
  return energy === 0 ? 0 : (2 * (re * re + im * im)) / (samples.length * energy);
}

/** ITU-T G.711. */
function linear(byte: number): number {
  const inverted = ~byte & 0xff;
  const magnitude = (((inverted & 15) << 3) + 132) << ((inverted >> 4) & 7);
  return (inverted & 128) === 0 ? magnitude - 132 : 132 - magnitude;
}
