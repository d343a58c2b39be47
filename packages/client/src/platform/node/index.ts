export {
  type AgeAudience,
  type AgeIdentity,
  type AgeKeyPair,
  type AgeRecipient,
  type AgeSecret,
  generateAgeIdentity,
  openAge,
  parseAgeIdentities,
  parseAgeRecipients,
  sealAge,
} from "@bulla/core";
export { createPlaintextSource } from "../../transfers/plaintext-source.ts";
export { type MlsSuiteName } from "../suite/mls-suite.ts";
export { createNodeAgeCipher } from "./age/age-cipher.ts";
export { createNodeAgePlatform, openAgeFile, sealAgeFile } from "./age/age-file.ts";
export { createMlsSuite, createNodePrimitives, systemRandom } from "./crypto/primitives.ts";
export { createNodeFiles } from "./files/node-files.ts";
export { defaultHomeFolder } from "./home/default-folder.ts";
export { type DeviceCard, readDeviceCard } from "./home/device-card.ts";
export { type Home, type HomeOptions, type HomeWarning, homeNeedsPassphrase, openHome } from "./home/home.ts";
export { acquireLock, type HeldLock, tryLock } from "./home/home-lock.ts";
export { createSpool, type LeftSpool, type Spool, type SpooledFile } from "./home/spool.ts";
export { type HomeOwner, type NewDevice, prepareHome, type StagedHome } from "./home/staged-home.ts";
export { SealPool, type SealPoolOptions } from "./seal-pool.ts";
export { createAccount, type NewAccount } from "./session/create-account.ts";
export { type OpenClientOptions, openClient } from "./session/open-client.ts";
export { openSqliteStore, type SqliteStore, type SqliteStoreOptions } from "./store/sqlite-store.ts";
export type { ConnectPolicy } from "./transport/connect-policy.ts";
export { NodeTransport, type NodeTransportOptions } from "./transport/node-transport.ts";
export { isPublicAddress, isPublicHost } from "./transport/public-address.ts";
export { systemClock } from "./transport/system-clock.ts";
export { createNodeSegmentCipher } from "./worker/segment-cipher.ts";
