/** What one attack came to. */
export interface Outcome {
  /** Against the product as it ships, the attack failed. */
  readonly refused: boolean;
  /** Against the permissive twin it succeeded. Without that a refusal proves nothing. */
  readonly control: boolean;
  /** For people who debug a row. */
  readonly why?: string;
}

export interface Row {
  readonly id: string;
  readonly attack: string;
  /** Who was broken by it. */
  readonly seenAt: string;
  run(): Promise<Outcome>;
}

/** Rows that share a stage. */
export interface Family {
  readonly name: string;
  rows(): Promise<readonly Row[]>;
}

/** What a row becomes on the scoreboard. */
export interface Verdict extends Outcome {
  readonly id: string;
  readonly attack: string;
  readonly seen_at: string;
}

export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** The code of an error of ours; otherwise what it says. */
export function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code;
  return String(error);
}
