import { MemoryDisk, MemoryStore } from "./memory-store.ts";
import { storeAcceptance } from "./store-acceptance.ts";

storeAcceptance("a store in memory", async () => {
  const disk = new MemoryDisk();
  return { open: async () => new MemoryStore(disk), remove: async () => undefined };
});
