export { readVectors, vectorFolder } from "#vector-folder";
export { type FilesPlace, filesAcceptance } from "./files-acceptance.ts";
export { flipBit } from "./hostile/flip-bit.ts";
export { HostileProxy } from "./hostile/hostile-proxy.ts";
export type { Lies, ProxiedAnswer, ProxiedRequest, RecordsShown, Seen } from "./hostile/lies.ts";
export { MemoryDisk, MemoryStore } from "./memory-store.ts";
export { increment, type StorePlace, storeAcceptance } from "./store-acceptance.ts";
export { type AeadGroup, type AeadUnderTest, runAeadVectors } from "./vectors/aead-vectors.ts";
export { type Ed25519Group, runDisputedSignatures, runEd25519Vectors } from "./vectors/ed25519-vectors.ts";
export { type HkdfGroup, type HkdfUnderTest, runHkdfVectors } from "./vectors/hkdf-vectors.ts";
export type { HpkeVector } from "./vectors/hpke-vectors.ts";
export {
  type KemUnderTest,
  type MlKemGroup,
  runMlKemVectors,
  runX25519Vectors,
  runXwingVectors,
  type X25519Group,
  type XwingVector,
} from "./vectors/kem-vectors.ts";
export { rfc9180Base, runRfc9180Vectors } from "./vectors/rfc9180-vectors.ts";
export { hexBytes, isHex } from "./vectors/vector-bytes.ts";
export type { VectorFolder } from "./vectors/vector-folder.ts";
export { checkTally, tallyCases, type VectorCase, type VectorTally } from "./vectors/vector-tally.ts";
export { type TestFunction, type VectorTest, vectorTest } from "./vectors/vector-test.ts";
export type { WycheproofCase, WycheproofFile, WycheproofGroup } from "./vectors/wycheproof.ts";
