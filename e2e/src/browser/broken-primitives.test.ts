import { vectorFolder } from "@bulla/testkit";
import { describe, expect, test } from "vitest";
import type { Swap } from "../attacks/swap.ts";
import { swapping } from "../attacks/swapping.ts";
import { hasChromium } from "./chromium.ts";
import { checkOutcome, openTestBrowser } from "./test-browser.fixture.ts";

interface Broken {
  readonly what: string;
  readonly swap: Swap;
  readonly file: string;
  /** Tests that must notice, by a part of their name. */
  readonly noticedBy: readonly string[];
}

const platform = "client/src/platform";
const vectors = "packages/testkit/src/vectors/primitives.test.ts";
const cases: readonly Broken[] = [
  {
    what: "signatures are verified with the cofactor, as the library would",
    swap: {
      file: `${platform}/browser/crypto/ed25519.ts`,
      code: `return key !== undefined && crypto.subtle.verify("Ed25519", key, given, input);`,
      by: "return key !== undefined && ed25519.verify(given, input, publicKey);",
    },
    file: vectors,
    noticedBy: ["Ed25519 refuses the signatures that implementations disagree on"],
  },
  {
    what: "what does not authenticate is given out",
    swap: {
      file: `${platform}/browser/crypto/aead.ts`,
      code: `if (error instanceof DOMException && error.name === "OperationError") return undefined;`,
      by: `if (error instanceof DOMException && error.name === "OperationError") return sealed.slice(0, -16);`,
    },
    file: vectors,
    noticedBy: ["AES-256-GCM seals and opens as Wycheproof says"],
  },
  {
    what: "HKDF ignores its info",
    swap: {
      file: `${platform}/browser/crypto/hkdf.ts`,
      code: "expand(hashes[hash], pseudorandomKey, info, length)",
      by: "expand(hashes[hash], pseudorandomKey, new Uint8Array(0), length)",
    },
    file: vectors,
    noticedBy: ["HKDF-SHA-256 derives", "HKDF-Expand with SHA-512 derives", "HPKE in base mode reproduces RFC 9180"],
  },
  {
    what: "X-Wing does not bind the recipient's key",
    swap: {
      file: `${platform}/suite/xwing-kem.ts`,
      code: `return digest("sha3-256", mlKemSecret, x25519Secret, encX25519, rawX25519, label);`,
      by: `return digest("sha3-256", mlKemSecret, x25519Secret, encX25519, label);`,
    },
    file: `packages/${platform}/suite/kem.test.ts`,
    noticedBy: [
      "X-Wing public keys and decapsulation are the draft's",
      "X-Wing agrees with an independent implementation",
    ],
  },
];

const folder = vectorFolder();

// Controls: a harness under which broken primitives pass would show nothing.
describe("in Chromium, it is noticed when", () => {
  test.for(cases)("$what", async ({ swap, file, noticedBy }, { skip }) => {
    if (!hasChromium()) skip("Chromium is not installed");
    if (folder.kind === "missing") skip(folder.reason);
    const twin = swapping([swap]);
    await using browser = await openTestBrowser([file], {
      vectors: folder.kind === "found" ? folder.path : undefined,
      plugins: [twin.plugin],
    });
    twin.checkDone();
    const { tests } = await browser.run(file, "worker");
    const noticed = tests.filter((outcome) => {
      try {
        checkOutcome(outcome, outcome.name);
        return false;
      } catch {
        return true;
      }
    });
    for (const name of noticedBy)
      expect(noticed.map((outcome) => outcome.name)).toContainEqual(expect.stringContaining(name));
    expect(noticed.length).toBeLessThan(tests.length);
  });
});
