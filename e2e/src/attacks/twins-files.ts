import type { Swap } from "./swap.ts";

/** What is fetched and kept on the device. */
export const fileTwins = {
  anyChunk: [
    {
      file: "client/src/service/chunks.ts",
      code: `if (!equalBytes(verifier.sha256(bytes), hash)) throw new BullaError("blob/refused", "chunk is not the one that was asked for");`,
      by: "",
    },
    {
      file: "client/src/platform/node/worker/run-job.ts",
      code: `if (!equalBytes(sha256(job.chunk), job.hash)) throw new BullaError("blob/missing-chunk", "chunk is not the one that was asked for");`,
      by: "",
    },
    {
      file: "client/src/transfers/fetch-blob.ts",
      code: "if (equalBytes(primitives.sha256(chunk), this.#hashOf(index))) return chunk;",
      by: "if (wrong > 0) return chunk; void primitives;",
    },
    {
      file: "client/src/platform/node/worker/segment-cipher.ts",
      code: "try { decipher.final(); } catch { return false; }",
      by: "",
    },
    {
      file: "client/src/transfers/keep-blob.ts",
      code: "const isRight = equalBytes(this.#hash.digest(), file.sha256);",
      by: "const isRight = true;",
    },
    {
      file: "core/src/blob/cobblestone.ts",
      code: "if (!equalBytes(message.header, header)) throw blobRefused();",
      by: "",
    },
    {
      file: "core/src/blob/open-blob.ts",
      code: "if (!isZero(plaintext.subarray(content))) throw blobRefused();",
      by: "",
    },
    {
      file: "core/src/blob/open-blob.ts",
      code: "if (chunk.length !== range.end - range.start || before.length !== tailBytes(plan, index - 1)) throw blobRefused();",
      by: "chunk = sized(chunk, range.end - range.start); before = sized(before, tailBytes(plan, index - 1));",
    },
    {
      file: "core/src/blob/open-blob.ts",
      code: "/** Bytes of the segment that begins before a chunk's end and ends after it. */",
      by: "function sized(bytes: Uint8Array, length: number): Uint8Array { const out = new Uint8Array(length); out.set(bytes.subarray(0, length)); return out; }",
    },
  ],
  anyName: [
    { file: "client/src/transfer-names/safe-path.ts", function: "safeRelativePath", by: "(path) => path" },
    { file: "wire/src/receipt/manifest.ts", function: "isTransferPath", by: "() => true" },
  ],
  throughLinks: [
    {
      file: "client/src/platform/node/files/place-file.ts",
      code: `return (await look(path))?.isDirectory() === true ? "there" : "taken";`,
      by: `return "there";`,
    },
  ],
  namesReplaced: [
    {
      file: "client/src/platform/node/files/place-file.ts",
      code: "if (found !== undefined && !placedBefore && !claimedBefore) continue;",
      by: "",
    },
    {
      file: "client/src/platform/node/files/place-file.ts",
      code: `if (code === "EEXIST") return false;`,
      by: `if (code === "EEXIST") { await rename(source, target); return true; }`,
    },
  ],
  /** The sender's own side: lets a member give files whatever names it likes. */
  hostileNames: [
    {
      file: "client/src/transfers/transfers.ts",
      code: `if (name === "" || name.includes("/") || name.includes("\\0") || name === "." || name === ".." || utf8(name).length > limits.maxNameBytes) {`,
      by: "if (name === '') {",
    },
    { file: "wire/src/receipt/manifest.ts", function: "isTransferPath", by: "() => true" },
  ],
  anyAnswerLength: [
    {
      file: "client/src/platform/node/transport/http-exchange.ts",
      code: "if (length + part.length > maxBytes) return tooLarge();",
      by: "",
    },
    {
      file: "client/src/platform/node/transport/http-exchange.ts",
      code: "Math.min(maxBytes, Math.max(2 * body.length, length + part.length))",
      by: "Math.max(2 * body.length, length + part.length)",
    },
  ],
  placelessValues: [
    { file: "client/src/store/sealed-store.ts", function: "placeData", by: `() => labelBytes("storeValue")` },
  ],
} as const satisfies Readonly<Record<string, readonly Swap[]>>;
