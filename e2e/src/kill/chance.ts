import { createHash } from "node:crypto";

/** Numbers that look random and are the same for the same seed. */
export interface Chance {
  between(low: number, high: number): number;
}

export function chanceOf(seed: string): Chance {
  let count = 0;
  return {
    between(low, high) {
      const digest = createHash("sha256").update(`${seed}/${count++}`).digest();
      return low + (digest.readUInt32BE(0) / 0x1_0000_0000) * (high - low);
    },
  };
}
