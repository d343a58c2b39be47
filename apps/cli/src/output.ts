import { writeSync } from "node:fs";

/** Where words and results go. Results on stdout, words for people on stderr. Writing is synchronous, so nothing is lost at exit. */
export interface Output {
  readonly json: boolean;
  /** Whether the reader of stdout has gone; what is written then is dropped without a word. */
  readonly closed: boolean;
  /** One result: `line` for people, `value` for programs. */
  result(line: string, value: unknown): void;
  /** Text or bytes as they are. */
  raw(content: string | Uint8Array): void;
  /** `bulla: words` on stderr. */
  say(words: string): void;
  /** Replace the line of progress at the bottom of the terminal; empty takes it away. */
  progress(line: string): void;
}

export function createOutput(json: boolean): Output {
  let closed = false;
  let shown = false;
  const clear = (): void => {
    if (!shown) return;
    shown = false;
    write(2, clearLine);
  };
  const raw = (content: string | Uint8Array): void => {
    clear();
    if (!closed) closed = !write(1, content);
  };
  return {
    json,
    get closed() {
      return closed;
    },
    result: (line, value) => raw(`${json ? JSON.stringify(value) : line}\n`),
    raw,
    say(words) {
      clear();
      write(2, `bulla: ${words}\n`);
    },
    progress(line) {
      if (line === "") return clear();
      shown = true;
      write(2, `${clearLine}${line}`);
    },
  };
}

const clearLine = "\r\u001b[2K";

/** @returns false when nobody reads any more */
function write(descriptor: 1 | 2, content: string | Uint8Array): boolean {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "EAGAIN") sleep(5);
      else if (code === "EPIPE" || descriptor === 2) return false;
      else throw error;
    }
  }
  return true;
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
