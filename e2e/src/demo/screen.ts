import { styleText } from "node:util";

/** Prints the story: headings, sentences, columns, and one line of progress that is overwritten. */
export class Screen {
  readonly #live = process.stdout.isTTY === true;
  #shown = false;

  heading(text: string): void {
    this.#write(`\n${styleText("bold", text)}\n`);
  }

  line(text = ""): void {
    this.#write(`${text === "" ? "" : `  ${text}`}\n`);
  }

  /** Cells side by side, each cut to its width. */
  row(cells: readonly string[], widths: readonly number[]): void {
    this.line(
      cells
        .map((cell, i) => fit(cell, widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  }

  rule(widths: readonly number[]): void {
    this.row(
      widths.map((width) => "─".repeat(width)),
      widths,
    );
  }

  /** Only on a terminal. */
  progress(what: string, done: number, total: number): void {
    if (!this.#live) return;
    const share = total > 0 ? Math.min(done / total, 1) : 0;
    const bar = "━".repeat(Math.round(share * 30)).padEnd(30, "·");
    process.stdout.write(`\r\u001b[2K  ${what.padEnd(12)} ${bar} ${sizeText(done)} of ${sizeText(total)}`);
    this.#shown = true;
  }

  #write(text: string): void {
    if (this.#shown) process.stdout.write("\r\u001b[2K");
    this.#shown = false;
    process.stdout.write(text);
  }
}

function fit(text: string, width: number): string {
  return (text.length > width ? `${text.slice(0, Math.max(width - 1, 0))}…` : text).padEnd(width);
}

export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

export function secondsText(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

export function countText(count: number, word: string): string {
  return `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
}

/** `89 50 4e 47` */
export function hexText(bytes: Uint8Array, count: number): string {
  return [...bytes.subarray(0, count)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** What a person would read there: letters as they are, the rest as dots. */
export function plainText(bytes: Uint8Array, count: number): string {
  return [...bytes.subarray(0, count)]
    .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·"))
    .join("");
}
