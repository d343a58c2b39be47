export { createBrowserSegmentCipher } from "./blob/segment-cipher.ts";
export { createBrowserPrimitives } from "./crypto/primitives.ts";
