import type { Argon2Parameters } from "@bulla/core";
import { argon2id as hashWasm } from "hash-wasm";

/** RFC 9106 Argon2id, version 0x13, in WebAssembly on the calling thread. Floors are the caller's business.
 *  A page that uses it allows 'wasm-unsafe-eval' in its content security policy. */
export async function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  { memoryKib, passes, lanes, length }: Argon2Parameters,
): Promise<Uint8Array> {
  const tag = await hashWasm({
    password,
    salt,
    iterations: passes,
    parallelism: lanes,
    memorySize: memoryKib,
    hashLength: length,
    outputType: "binary",
  });
  return tag.slice();
}
