/** Positions all over something of that length, and these. */
export function spread(length: number, special: readonly number[]): readonly number[] {
  return [...special, ...Array.from({ length: 8 }, (_, i) => Math.floor((length * (i + 0.5)) / 8))];
}
