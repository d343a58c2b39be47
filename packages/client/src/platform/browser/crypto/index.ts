// The same names as ../../node/crypto/index.ts: "@bulla/client/crypto" leads to the one for the platform.
export { createBrowserPrimitives as createPrimitives, createMlsSuite, systemRandom } from "./primitives.ts";
