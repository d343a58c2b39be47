import type { Swap } from "./swap.ts";

/** Who somebody is: chains, KeyPackages, envelopes, receipts. */
export const identityTwins = {
  /** The founder's own side: a member who founds weaker spaces. */
  weakSuite: [{ file: "core/src/space/found.ts", code: "suite: suiteId", by: "suite: 1" }],
  anySuite: [
    {
      file: "core/src/space/join.ts",
      code: `if (read.constitution.suite !== suiteId) throw refused("it is of another suite");`,
      by: "",
    },
  ],
  noPins: [
    {
      file: "client/src/engine/chain-shelf.ts",
      code: "if (pinned === undefined) return verifyChain(primitives, handle, statements);",
      by: "if (primitives !== undefined) return verifyChain(primitives, handle, statements);",
    },
    {
      file: "client/src/engine/chain-shelf.ts",
      code: "const from = pinned === undefined ? 0 : pinned.position - 1;",
      by: "const from = 0;",
    },
    { file: "wire/src/identity/chain.ts", function: "checkPin", by: "() => undefined" },
  ],
  noChainSignatures: [
    { file: "wire/src/identity/chain.ts", function: "checkSignature", by: "async () => undefined" },
    { file: "wire/src/identity/device-certificate.ts", function: "verifyPossession", by: "async () => true" },
  ],
  uncertifiedLeaves: [
    {
      file: "core/src/space/key-package.ts",
      code: `if (!equalBytes(leaf.signatureKey, certified.keys.leafKey)) throw refused("the device did not certify them");`,
      by: "",
    },
    { file: "core/src/space/chapter.ts", function: "leafAuthority", by: "() => () => true" },
    { file: "core/src/space/guard.ts", function: "checkLeaf", by: "() => undefined" },
  ],
  unsignedKeyPackages: [
    {
      file: "core/src/space/key-package.ts",
      code: `if (!(await verifyKeyPackage(keyPackage, primitives.mls.signature)) || !(await verifyLeafNodeSignatureKeyPackage(leafNode, primitives.mls.signature))) throw refused("a signature is wrong");`,
      by: "",
    },
    {
      file: "client/src/platform/node/crypto/mls-suite.ts",
      code: "verify: async (publicKey, message, signature) => ed25519.verify(publicKey, message, signature)",
      by: "verify: async () => true",
    },
  ],
  oldKeyPackages: [
    {
      file: "ts-mls/dist/src/clientState.js",
      code: "if (leafNode.lifetime.notBefore > currentTime || leafNode.lifetime.notAfter < currentTime)",
      by: "if (currentTime < 0n)",
    },
    {
      file: "core/src/space/key-package.ts",
      code: "if (notAfter <= seconds || notBefore > seconds)",
      by: "if (notAfter < 0n)",
    },
  ],
  anyVersion: [{ file: "wire/src/encoding/codec.ts", function: "version", by: "() => uint(255)" }],
  anyRecipient: [
    {
      file: "core/src/space/envelope.ts",
      code: `if (!sameDevice(decoded.recipient, recipient)) throw new BullaError("core/open-failed", "envelope is for another device");`,
      by: "",
    },
  ],
  unsignedEnvelopes: [
    {
      file: "core/src/space/envelope.ts",
      code: "if (device === undefined || !(await primitives.verifyEd25519(device.keys.recordKey, envelopeSigningBytes(statement), signature))) {",
      by: "if (device === undefined) {",
    },
  ],
  anyPadding: [
    {
      file: "core/src/space/envelope.ts",
      code: "if (length > padded.length - 4 || padded.subarray(4 + length).some((byte) => byte !== 0)) throw failed();",
      by: "",
    },
  ],
  welcomesReplace: [{ file: "client/src/engine/inbox.ts", function: "isFollowed", by: "async () => false" }],
  anyReceipt: [
    {
      file: "wire/src/receipt/receipt.ts",
      function: "verifyReceipt",
      by: "async (_verifier, receipt) => decode(receiptStatementCodec, receipt.statement, { maxBytes: 2048 })",
    },
  ],
  oneLabel: [{ file: "wire/src/labels.ts", function: "labelBytes", by: `() => utf8("bulla\\0")` }],
} as const satisfies Readonly<Record<string, readonly Swap[]>>;
