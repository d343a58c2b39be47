import type { Options } from "./command-line.ts";
import type { Environment } from "./environment.ts";
import type { Output } from "./output.ts";

/** What a command has to work with. */
export interface Context {
  readonly words: readonly string[];
  readonly options: Options;
  readonly output: Output;
  /** Aborts when the person wants to stop. */
  readonly signal: AbortSignal;
  /** The device's folder, absolute; it may not be there. */
  readonly home: string;
  readonly environment: Environment;
}
