import { createPrimitives } from "@bulla/client/crypto";
import { concatBytes, utf8 } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";

/** The real primitives of the platform that the test runs on. With a seed, keys come out the same every time. */
export function primitivesOf(seed?: string): Primitives {
  if (seed === undefined) return createPrimitives();
  let count = 0;
  const { sha256 } = createPrimitives();
  return createPrimitives((length) => {
    const blocks: Uint8Array[] = [];
    for (let have = 0; have < length; have += 32) blocks.push(sha256(utf8(`${seed} ${count++}`)));
    return concatBytes(...blocks).slice(0, length);
  });
}
