import { test } from "vitest";
import type { Acceptance } from "../storage/acceptance.ts";
import { temporaryFolder } from "./test-service.fixture.ts";

/** Holds an adapter to every promise of its port, each on a fresh one. */
export function runAcceptance<Port extends AsyncDisposable>(
  promises: readonly Acceptance<Port>[],
  open: (folder: string) => Port,
): void {
  for (const { promise, hold } of promises) {
    test(promise, async () => {
      await using port = open(await temporaryFolder());
      await hold(port);
    });
  }
}
