export { createBrowserSegmentCipher } from "./blob/segment-cipher.ts";
export { createBrowserPrimitives } from "./crypto/primitives.ts";
export { type IndexedDbStore, type IndexedDbStoreOptions, openIndexedDbStore } from "./store/indexed-db-store.ts";
