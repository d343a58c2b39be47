import { createNodeAgePlatform, createNodePrimitives } from "@bulla/client/node";

export type AgePlatform = ReturnType<typeof createNodeAgePlatform>;

export function agePlatform(): AgePlatform {
  return createNodeAgePlatform(createNodePrimitives());
}
