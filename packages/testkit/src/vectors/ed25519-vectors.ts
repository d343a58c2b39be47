import type { Verifier } from "@bulla/wire";
import { hexBytes } from "./vector-bytes.ts";
import { tallyCases, type VectorTally } from "./vector-tally.ts";
import { runWycheproof, type WycheproofCase, type WycheproofFile, type WycheproofGroup } from "./wycheproof.ts";

export interface Ed25519Group extends WycheproofGroup {
  readonly publicKey: { readonly pk: string };
  readonly tests: readonly (WycheproofCase & { readonly msg: string; readonly sig: string })[];
}

/** Verification says true to every valid signature and false, never an exception, to all others. */
export function runEd25519Vectors(
  verifier: Pick<Verifier, "verifyEd25519">,
  file: WycheproofFile<Ed25519Group>,
): Promise<VectorTally> {
  return runWycheproof(
    file,
    async (test, group) =>
      (await verifier.verifyEd25519(hexBytes(group.publicKey.pk), hexBytes(test.msg), hexBytes(test.sig))) ===
      (test.result === "valid"),
  );
}

/** Signatures on five zero bytes on which Ed25519 implementations disagree. All platforms must refuse them: a commit that some members
 *  accept and others refuse would split a space. Public key, signature. */
const disputed = [
  {
    name: "a public key of small order, which would sign every message",
    publicKey: "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    signature:
      "245f97b8446a5aa8e5ce5d536665cecdb3d2e0523fc04a7c4296de2c47c9bf061600000000000000000000000000000000000000000000000000000000000000",
  },
  {
    name: "the neutral element as public key, under which one signature fits every message",
    publicKey: "0100000000000000000000000000000000000000000000000000000000000000",
    signature:
      "edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548df0500000000000000000000000000000000000000000000000000000000000000",
  },
  {
    name: "an R with a part of small order, which only verification with the cofactor accepts",
    publicKey: "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
    signature:
      "feaf9d07b868cc52786305312c376563c622b0386a10d105e3c1501b28d65f7e3add2a09853ceca17bee1f9dc1d02a02efcda918231e8c734205d3fab007180a",
  },
] as const;

/** Verification refuses every disputed signature. */
export function runDisputedSignatures(verifier: Pick<Verifier, "verifyEd25519">): Promise<VectorTally> {
  return tallyCases(
    disputed.map(({ name, publicKey, signature }) => ({
      name,
      check: async () => !(await verifier.verifyEd25519(hexBytes(publicKey), new Uint8Array(5), hexBytes(signature))),
    })),
  );
}
