import { closeSync, openSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { ReadStream } from "node:tty";
import { BullaError } from "@bulla/wire";
import { usage } from "./command-line.ts";
import { readFailure } from "./file-failures.ts";
import type { Output } from "./output.ts";

const maxPassphraseBytes = 4096;

/** The first line of a file. @throws BullaError file/unreadable, cli/usage */
export async function readPassphraseFile(path: string, output: Output): Promise<string> {
  const text = await readStart(path, output).catch((error: unknown) => {
    throw readFailure(error, "the passphrase file");
  });
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  if (line === "") throw usage("the passphrase file's first line is empty", "write the passphrase on its first line");
  if (line.includes("\ufffd") || Buffer.byteLength(line) > maxPassphraseBytes)
    throw usage(
      "the passphrase file does not hold a line of text",
      `a passphrase is text of at most ${maxPassphraseBytes} bytes`,
    );
  return line;
}

async function readStart(path: string, output: Output): Promise<string> {
  await using file = await open(path, "r");
  const stats = await file.stat();
  if (stats.isFile() && (stats.mode & 0o077) !== 0)
    output.say("warning: others on this machine may read the passphrase file; chmod 600 it");
  const buffer = Buffer.alloc(maxPassphraseBytes + 2);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.toString("utf8", 0, length);
}

/** Ask on the terminal, without showing what is typed. @throws BullaError cli/usage – there is no terminal; cli/interrupted */
export async function askPassphrase(question: string, signal: AbortSignal, withoutTerminal: string): Promise<string> {
  const [typed = ""] = await askOnTerminal([question], signal, withoutTerminal);
  if (typed === "") throw usage("no passphrase was typed", "run the same command again");
  return typed;
}

/** Ask twice. @throws BullaError cli/usage – they differ, or there is no terminal; cli/interrupted */
export async function askNewPassphrase(
  question: string,
  signal: AbortSignal,
  withoutTerminal: string,
): Promise<string> {
  const [first = "", second] = await askOnTerminal([question, "the same again"], signal, withoutTerminal);
  if (first === "") throw usage("no passphrase was typed", "run the same command again");
  if (first !== second) throw usage("the two passphrases differ", "run the same command again");
  return first;
}

export function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false;
  }
}

async function askOnTerminal(
  questions: readonly string[],
  signal: AbortSignal,
  withoutTerminal: string,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  const descriptor = openTerminal(withoutTerminal);
  const terminal = new ReadStream(descriptor);
  const restore = (): void => void terminal.setRawMode(false);
  process.once("exit", restore);
  try {
    terminal.setRawMode(true);
    return await readAnswers(terminal, questions, signal, (text) => writeSync(descriptor, text));
  } finally {
    restore();
    process.removeListener("exit", restore);
    terminal.destroy();
  }
}

async function readAnswers(
  terminal: ReadStream,
  questions: readonly string[],
  signal: AbortSignal,
  show: (text: string) => void,
): Promise<readonly string[]> {
  const answers: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
  const line = new TypedLine();
  const ask = (): void => show(`bulla: ${questions[answers.length]}: `);
  const answered = (): void => {
    show("\n");
    answers.push(line.take());
    if (answers.length === questions.length) resolve(answers);
    else ask();
  };
  const stop = (): void => {
    show("\n");
    reject(signal.aborted ? signal.reason : new BullaError("cli/interrupted", "interrupted"));
  };
  signal.addEventListener("abort", stop, { once: true });
  terminal.on("data", (keys: Buffer) => {
    for (const key of keys) {
      if (key === 0x03) stop();
      else if (key === 0x0d || key === 0x0a || key === 0x04) answered();
      else line.press(key);
      if (answers.length === questions.length) return;
    }
  });
  terminal.on("error", reject);
  terminal.on("end", stop);
  ask();
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function openTerminal(withoutTerminal: string): number {
  try {
    return openSync("/dev/tty", "r+");
  } catch {
    throw usage("there is no terminal to ask for the passphrase", withoutTerminal);
  }
}

/** Keys of a terminal in raw mode, gathered to a line. */
class TypedLine {
  #bytes: number[] = [];

  press(key: number): void {
    if (key === 0x15) this.#bytes = [];
    else if (key === 0x7f || key === 0x08) this.#eraseCharacter();
    else if (this.#bytes.length < maxPassphraseBytes) this.#bytes.push(key);
  }

  /** The line so far; the next begins empty. */
  take(): string {
    const text = Buffer.from(this.#bytes).toString("utf8");
    this.#bytes = [];
    return text;
  }

  // UTF-8: continuation bytes go with the byte that leads them.
  #eraseCharacter(): void {
    while (((this.#bytes.pop() ?? 0) & 0xc0) === 0x80);
  }
}
