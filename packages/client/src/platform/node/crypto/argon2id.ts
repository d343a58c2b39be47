import { argon2 } from "node:crypto";
import type { Argon2Parameters } from "@bulla/core";
import { plainBytes } from "./plain-bytes.ts";

/** RFC 9106 Argon2id, version 0x13, on a thread of its own. Floors are the caller's business. */
export function argon2id(password: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters): Promise<Uint8Array> {
  const { memoryKib, passes, lanes, length } = parameters;
  return new Promise((resolve, reject) => {
    argon2(
      "argon2id",
      { message: password, nonce: salt, memory: memoryKib, passes, parallelism: lanes, tagLength: length },
      (error, tag) => {
        if (error === null) resolve(plainBytes(tag));
        else reject(error);
      },
    );
  });
}
