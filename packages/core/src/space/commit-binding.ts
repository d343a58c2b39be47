import { concatBytes, labelBytes, uintBytes } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";

/** What a commit's authenticated_data is bound to: it enters the transcript, so one epoch means one constitution. */
export interface CommitBinding {
  readonly space: Uint8Array;
  /** Of the chapter that the commit makes. */
  readonly number: number;
  readonly constitutionHash: Uint8Array;
  /** Head that the committer had seen, and how many records lay before it. */
  readonly head: Uint8Array;
  readonly count: number;
}

export function commitBinding(
  primitives: Primitives,
  { space, number, constitutionHash, head, count }: CommitBinding,
): Uint8Array {
  return primitives.sha256(
    labelBytes("commitBinding"),
    concatBytes(space, uintBytes(number, 8), constitutionHash, head, uintBytes(count, 8)),
  );
}
