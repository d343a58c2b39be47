export interface Check {
  /** What holds when the check passes, in words. */
  readonly sentence: string;
  /** @returns what is wrong, one entry each; empty when the sentence is true */
  readonly findProblems: (root: string) => Promise<readonly string[]>;
}
