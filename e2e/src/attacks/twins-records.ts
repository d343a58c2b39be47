import type { Swap } from "./swap.ts";

/** What is said in a space. */
export const recordTwins = {
  noRecordSignatures: [
    { file: "core/src/space/signed-record.ts", function: "verifySignedRecord", by: "async () => undefined" },
  ],
  noTags: [
    {
      file: "client/src/platform/node/crypto/aead.ts",
      code: "try { decipher.final(); } catch { plaintext.fill(0); return undefined; }",
      by: "",
    },
  ],
  noRecordIds: [
    {
      file: "core/src/space/outer-record.ts",
      code: "if (inner === undefined || !equalBytes(recordIdOf(primitives, stream, inner), recordId)) throw openFailed();",
      by: "if (inner === undefined) throw openFailed();",
    },
  ],
  /** What does not open is taken as it is: outsiders need no key. */
  plainRecords: [
    {
      file: "core/src/space/outer-record.ts",
      code: "if (inner === undefined || !equalBytes(recordIdOf(primitives, stream, inner), recordId)) throw openFailed();",
      by: "if (inner === undefined) return { kind: 'lasting', sealed: body.subarray(5, 5 + new DataView(body.buffer, body.byteOffset).getUint32(1)) };",
    },
    {
      file: "core/src/space/record-seal.ts",
      code: `if (plaintext === undefined) throw new BullaError("core/open-failed", "record cannot be opened");`,
      by: "if (plaintext === undefined) return sealed;",
    },
  ],
  noHeads: [
    {
      file: "core/src/space/read-record.ts",
      code: `if (ownHead === undefined || !equalBytes(ownHead, head)) return { outcome: { kind: "fork", author, position: seen }, cursor: moved };`,
      by: "void ownHead;",
    },
  ],
  noCounters: [
    { file: "core/src/space/read-record.ts", code: "if (counter < expected) {", by: "if (counter < 0) {" },
    {
      file: "core/src/space/read-record.ts",
      code: "if (seen < (known?.seen ?? 0)) return { outcome: overtaken, cursor: moved };",
      by: "",
    },
  ],
  transfersTwice: [
    {
      file: "client/src/transfers/incoming.ts",
      code: "if ((await transaction.get(places.incoming(key))) !== undefined || (await transaction.get(places.incomingDone(key))) !== undefined) return;",
      by: "",
    },
  ],
  /** A client that leaves commits to the MLS library as it comes. */
  commitsBelieved: [
    {
      file: "core/src/space/mls-message.ts",
      function: "decodeExactly",
      by: "(input) => mls.decodeMlsMessage(input, 0)[0]",
    },
    {
      file: "core/src/space/guard.ts",
      function: "inspectCommit",
      by: "async (_primitives, input) => decodeExactly(input)",
    },
    { file: "core/src/space/guard.ts", function: "checkRoster", by: "() => undefined" },
    {
      file: "core/src/space/group.ts",
      code: `const framed = { wireformat: "mls_public_message", publicMessage: message } as const;`,
      by: "const framed = message;",
    },
    {
      file: "core/src/space/group.ts",
      code: "return authority(decodeIdentity(credential.identity), signatureKey);",
      by: "return true;",
    },
    { file: "core/src/space/path-keys.ts", function: "checkPathKeys", by: "async () => undefined" },
    { file: "core/src/space/follow.ts", function: "verifyNewDevice", by: "async () => undefined" },
    {
      file: "core/src/space/follow.ts",
      code: `else if (memberOf(chapter.constitution, author.handle) === undefined) throw refusedClosing("its author is no member");`,
      by: "",
    },
    {
      file: "core/src/space/follow.ts",
      code: `if (!equalBytes(constitutionHash(primitives, next), content.constitutionHash)) throw refusedClosing("its operations lead to another constitution");`,
      by: "",
    },
  ],
  closingsBelieved: [
    {
      file: "core/src/space/follow.ts",
      code: `if (judged.kind === "refused") return { kind: "retry", chapter: retryChapter(primitives, chapter, cursor.head), why: judged.why };`,
      by: `if (judged.kind === "refused") return { kind: "complain", by: me, why: judged.why };`,
    },
  ],
} as const satisfies Readonly<Record<string, readonly Swap[]>>;
