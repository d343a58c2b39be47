import { createHash } from "node:crypto";
import { createNodePrimitives } from "@bulla/client/node";
import type { Primitives } from "../primitives.ts";

/** The real primitives of Node. With a seed, keys come out the same every time. */
export function primitivesOf(seed?: string): Primitives {
  if (seed === undefined) return createNodePrimitives();
  let count = 0;
  return createNodePrimitives((length) => {
    const blocks: Uint8Array[] = [];
    for (let have = 0; have < length; have += 32)
      blocks.push(createHash("sha256").update(`${seed} ${count++}`).digest());
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
  });
}
