import { tallyCases, type VectorCase, type VectorTally } from "./vector-tally.ts";

/** A Wycheproof file: groups with common parameters, cases in them. */
export interface WycheproofFile<Group extends WycheproofGroup> {
  readonly testGroups: readonly Group[];
}

export interface WycheproofGroup {
  readonly tests: readonly WycheproofCase[];
}

export interface WycheproofCase {
  readonly tcId: number;
  readonly flags: readonly string[];
  /** `acceptable` cases may go either way; each runner says what we do with them. */
  readonly result: "valid" | "invalid" | "acceptable";
}

type CaseOf<Group extends WycheproofGroup> = Group["tests"][number];

/** Run every case of a file. `check` gives the outcome, `skip` the reason why the interface cannot express the case. */
export function runWycheproof<Group extends WycheproofGroup>(
  file: WycheproofFile<Group>,
  check: (test: CaseOf<Group>, group: Group) => boolean | Promise<boolean>,
  skip: (test: CaseOf<Group>, group: Group) => string | undefined = () => undefined,
): Promise<VectorTally> {
  return tallyCases(
    file.testGroups.flatMap((group) =>
      group.tests.map(
        (test): VectorCase => ({ name: `tcId ${test.tcId}`, skip: skip(test, group), check: () => check(test, group) }),
      ),
    ),
  );
}
