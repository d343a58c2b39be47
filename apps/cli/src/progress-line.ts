import { isatty } from "node:tty";
import type { Progress } from "@bulla/client";
import type { Output } from "./output.ts";
import { countText, sizeText } from "./terminal-text.ts";

const everyMilliseconds = 100;

/** What shows progress on the terminal; does nothing where stderr is none. */
export function showProgress(output: Output): (progress: Progress) => void {
  if (!isatty(2)) return () => undefined;
  let last = 0;
  let phase: Progress["phase"] | undefined;
  return (progress) => {
    const now = performance.now();
    if (progress.phase === phase && now - last < everyMilliseconds && progress.done !== progress.total) return;
    last = now;
    phase = progress.phase;
    output.progress(progressLine(progress, process.stderr.columns));
  };
}

const words: Readonly<Record<Progress["phase"], string>> = {
  scanning: "looking through",
  hashing: "reading",
  uploading: "sealing and sending",
  sending: "announcing",
  checking: "looking for files",
  downloading: "receiving",
  verifying: "verifying",
};

export function progressLine({ phase, done, total, files }: Progress, columns: number | undefined): string {
  // Some terminals say that they are 0 wide.
  const width = columns === undefined || columns < 20 ? 80 : columns;
  const share = total > 0 ? Math.min(done / total, 1) : undefined;
  const amount =
    share === undefined
      ? ""
      : ` ${String(Math.floor(share * 100)).padStart(3)} %  ${sizeText(done)} of ${sizeText(total)}`;
  const count = files === undefined ? "" : `  ${countText(files, "file")}`;
  const bar = share === undefined ? "" : ` [${"=".repeat(Math.round(share * 20)).padEnd(20)}]`;
  const long = `bulla: ${words[phase]}${bar}${amount}${count}`;
  return (long.length < width ? long : `bulla: ${words[phase]}${amount}`).slice(0, width - 1);
}
