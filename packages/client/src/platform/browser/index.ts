export { createBrowserPrimitives } from "./crypto/primitives.ts";
