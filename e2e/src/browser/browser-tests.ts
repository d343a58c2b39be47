import { globSync } from "node:fs";
import { root } from "./bundle.ts";

/** Files of tests that a browser is asked to run: all of the packages that run there, the official vectors, and the provider's own. */
export function browserTests(): readonly string[] {
  const patterns = [
    "packages/{wire,content,core}/src/**/*.test.ts",
    "packages/testkit/src/vectors/**/*.test.ts",
    "packages/client/src/platform/{suite,browser}/**/*.test.ts",
    // What Node has not: no test of Node's, only of a browser's.
    "packages/client/src/platform/browser/**/*.chromium.fixture.ts",
  ];
  return globSync(patterns, { cwd: root }).toSorted();
}

/** Those that cannot run there, and why. */
export const nodeOnlyTests: Readonly<Record<string, string>> = {
  "packages/core/src/age/age-tool.test.ts": "runs the age tool",
  "packages/testkit/src/vectors/vector-test.test.ts": "is about a folder on disk",
  "packages/wire/src/encoding/cbor-memory.test.ts": "asks how much memory the process uses",
};

/** Files that run in a page too, where the rest runs only in a worker: what depends on the platform at all, and stays short. */
export const pageTests: readonly string[] = [
  "packages/client/src/platform/suite/aead.test.ts",
  "packages/client/src/platform/suite/ed25519.test.ts",
  "packages/client/src/platform/suite/hpke.test.ts",
  "packages/client/src/platform/suite/kem.test.ts",
  "packages/client/src/platform/suite/mls-suite.test.ts",
  "packages/client/src/platform/suite/primitives.test.ts",
  "packages/client/src/platform/browser/store/indexed-db-store.chromium.fixture.ts",
  "packages/core/src/space/envelope.test.ts",
  "packages/core/src/space/records.test.ts",
  "packages/testkit/src/vectors/primitives.test.ts",
  "packages/wire/src/golden.test.ts",
];
