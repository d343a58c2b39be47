// The same names as ../../browser/crypto/index.ts: "@bulla/client/crypto" leads to the one for the platform.
export { createMlsSuite, createNodePrimitives as createPrimitives, systemRandom } from "./primitives.ts";
