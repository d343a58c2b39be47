import { readVectors, vectorFolder } from "#vector-folder";
import { checkTally, type VectorTally } from "./vector-tally.ts";

/** The part of a test runner that a vector test needs; vitest's `test` fits. */
export interface TestFunction {
  (name: string, body: () => Promise<void>): void;
  readonly skip: (name: string, body: () => Promise<void>) => void;
}

export interface VectorTest<Vectors> {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Path inside the vectors folder. */
  readonly file: string;
  readonly run: (vectors: Vectors) => VectorTally | Promise<VectorTally>;
  /** How many cases our interface cannot express, by reason. What is not listed here must not be skipped. */
  readonly skipped?: Readonly<Record<string, number>>;
}

/** One test over one vector file. It fails when a case fails, when no case ran, or when other cases were skipped than announced.
 *  Without the folder it is skipped and says why, under CI=true it fails. */
export function vectorTest<Vectors>(test: TestFunction, { name, file, run, skipped = {} }: VectorTest<Vectors>): void {
  const folder = vectorFolder();
  if (folder.kind === "missing") {
    console.warn(`skipped: ${name}: ${folder.reason}`);
    test.skip(`${name} (skipped: ${folder.reason})`, async () => {});
    return;
  }
  test(name, async () => checkTally(await run(await readVectors<Vectors>(folder.path, file)), skipped));
}
