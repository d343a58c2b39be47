// C0 and C1 controls, DEL, lone surrogates, line and paragraph separators, and the marks that change the direction of text (UAX #9).
const unsafe = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text that others chose, as one line that cannot steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(unsafe, "\ufffd");
}

/** The same, its own line breaks kept and indented below the first. */
export function indented(text: string, indent: string): string {
  return text.split(/\r?\n/).map(oneLine).join(`\n${indent}`);
}

/** `1.5 MB`; decimal units, as disks and networks count. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  // From 999.5 on a value would be shown as 1000.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

export function countText(count: number, one: string, many: string = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `1234 5678 ...`: hex in groups of four, for reading aloud. */
export function groupedHex(hex: string): string {
  return hex.match(/.{1,4}/g)?.join(" ") ?? "";
}

/** UTC days since 1970 as `2026-11-22`. */
export function dateOf(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}
