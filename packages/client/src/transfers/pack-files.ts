import { planBlob } from "@bulla/core";

/** Up to so many files each have a blob of their own; of more, only those of a megabyte and above. */
const alwaysAlone = 64;
const aloneBytes = 1024 * 1024;

/** How many files each blob holds, in their order. Small files of a large transfer share blobs of one chunk, so a bad chunk spoils one large file or a few small ones. */
export function packFiles(sizes: readonly number[]): readonly number[] {
  const counts: number[] = [];
  let count = 0;
  let packed = 0;
  const close = (): void => {
    if (count > 0) counts.push(count);
    count = 0;
    packed = 0;
  };
  for (const size of sizes) {
    if (sizes.length <= alwaysAlone || size >= aloneBytes) {
      close();
      counts.push(1);
      continue;
    }
    if (planBlob(packed + size).chunkCount > 1) close();
    count++;
    packed += size;
  }
  close();
  return counts;
}
