import {
  bytes,
  type Codec,
  type CodecValue,
  encode,
  list,
  refine,
  struct,
  text,
  uint,
  version,
} from "../encoding/codec.ts";
import { labelBytes } from "../labels.ts";
import { limits } from "../limits.ts";
import type { Verifier } from "../verifier.ts";

/** A file's path inside a transfer: names joined by `/`, none of them empty, `.` or `..`, no NUL. What a reader writes to disk is its own matter. */
export function isTransferPath(path: string): boolean {
  return !path.includes("\0") && path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

const manifestShape = struct({
  version: version(1),
  files: list(
    struct({
      path: refine(text(limits.maxPathBytes, 1), "a path inside a transfer", isTransferPath),
      size: uint(limits.maxBlobBytes),
      sha256: bytes(32),
    }),
    1_000_000,
  ),
});

/** What was sent, without any key: name, size and hash of each file. */
export type Manifest = CodecValue<typeof manifestShape>;
export const manifestCodec: Codec<Manifest> = manifestShape;
/** A million files, and the blobs that hold them. */
export const manifestLimits = { maxBytes: limits.maxManifestBytes, maxItems: 8_000_000 } as const;

/** What a receipt signs for. */
export function manifestHash(verifier: Verifier, manifest: Manifest): Uint8Array {
  return verifier.sha256(labelBytes("manifest"), encode(manifestCodec, manifest));
}
