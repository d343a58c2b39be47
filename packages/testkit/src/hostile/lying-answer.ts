import { accountAnswerCodec, claimAnswerCodec, inboxAnswerCodec } from "@bulla/wire/api";
import { type Codec, decode, encode } from "@bulla/wire/encoding";
import type { Lies } from "./lies.ts";

const answerLimits = { maxBytes: 64 * 1024 * 1024, maxItems: 1_000_000 } as const;

/** What a success of the service becomes. Which hook it is for follows from the request. */
export function lyingAnswer(lies: Lies, method: string, path: string, body: Uint8Array): Uint8Array {
  const { pathname, searchParams } = new URL(path, "http://localhost");
  const [, , noun, first = "", second, device, last] = pathname.split("/").map(decodeURIComponent);
  const from = Number(searchParams.get("from") ?? 0);
  if (noun === "accounts" && method === "GET" && second === undefined && lies.statements !== undefined) {
    const statements = lies.statements.bind(lies);
    return rewrite(accountAnswerCodec, body, (answer) => ({
      ...answer,
      statements: statements(first, from, answer.statements),
    }));
  }
  if (noun === "accounts" && second === "claims" && lies.packages !== undefined) {
    const packages = lies.packages.bind(lies);
    return rewrite(claimAnswerCodec, body, (answer) => ({ packages: packages(first, answer.packages) }));
  }
  if (noun === "accounts" && method === "GET" && last === "inbox" && lies.envelopes !== undefined) {
    const envelopes = lies.envelopes.bind(lies);
    return rewrite(inboxAnswerCodec, body, (answer) => ({
      ...answer,
      envelopes: envelopes(`${first}/${device ?? ""}`, answer.envelopes),
    }));
  }
  if (noun === "chunks" && method === "GET" && lies.chunk !== undefined) return lies.chunk(first, body);
  return body;
}

function rewrite<T>(codec: Codec<T>, body: Uint8Array, change: (answer: T) => T): Uint8Array {
  return encode(codec, change(decode(codec, body, answerLimits)));
}
