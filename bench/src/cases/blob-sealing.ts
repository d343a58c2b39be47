import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { makeFile } from "../programs/input-files.ts";
import { isHere, peers } from "../programs/peers.ts";
import { measure, settleDisk } from "../programs/program.ts";
import { type Figure, ours, type Sample, type Target } from "../report/figures.ts";
import { findFigure, hasFigure, medianOf } from "../report/statistics.ts";
import type { BenchCase } from "./bench-case.ts";
import { opensslMegabytesPerSecond } from "./openssl-speed.ts";

const mebibyte = 1024 * 1024;
const program = fileURLToPath(new URL("../sealing/seal-program.ts", import.meta.url));
const gcm = "openssl speed: AES-256-GCM";
const gcmAndHash = "openssl speed: AES-256-GCM and SHA-256";

/** Sealing as it happens inside the product, against what one core does in OpenSSL. */
export const blobSealing: BenchCase = {
  id: "blob",
  title: "Sealing and opening blobs (Cobblestone-256), without network",
  unit: "MiB",
  plans: {
    tiny: { amounts: [8], rounds: 1 },
    small: { amounts: [64, 256], rounds: 3 },
    full: { amounts: [64, 256, 1024], rounds: 5 },
  },
  peers: [peers.openssl],
  notes: [
    "`segments` is the cipher alone, one thread, memory to memory. `chunks` is what happens to a file that is sent, on all threads: read, seal, SHA-256 of the ciphertext. `opened chunks` is what happens to what comes: SHA-256, open.",
    "A chunk is named by its SHA-256, which on this kind of processor costs more than twice what sealing it costs. So whole chunks are compared with OpenSSL doing both.",
    "`openssl speed` is measured in CPU time of one core, with pieces of 16 KiB (a segment) and 1 MiB (for SHA-256).",
  ],
  open: async (place) => {
    const input = place.path("plain");
    const seal = async (what: string, amount: number, env: Readonly<Record<string, string>> = {}): Promise<Sample> => {
      const output = place.path("usage.json");
      const command = [process.execPath, "--conditions=@bulla/source", program, what, input, String(amount * mebibyte)];
      await measure(command, { output, env });
      // Its memory is that of a program run from its sources, compiler included: it says nothing about the product.
      return readUsage(readFileSync(output, "utf8"));
    };
    return {
      contenders: async (amount) => {
        makeFile(input, amount * mebibyte);
        settleDisk();
        const contender = (operation: string, what: string) => ({
          name: `bulla ${operation}`,
          run: async () => [{ operation, contender: ours, sample: await seal(what, amount) }],
        });
        const own = [
          contender("segments", "segments"),
          contender("chunks", "seal"),
          contender("opened chunks", "open"),
        ];
        return isHere(peers.openssl) ? [...own, { name: "openssl speed", run: async () => speeds(amount) }] : own;
      },
      runOurs: async (amount, env) => {
        makeFile(input, amount * mebibyte);
        for (const what of ["segments", "seal", "open"]) await seal(what, amount, env);
      },
    };
  },
  targets: (figures) => [
    ...shareOf(
      figures,
      "segments",
      gcm,
      (sample) => sample.cpuSeconds,
      "the cipher, per CPU second: 70 % of `openssl speed`",
    ),
    ...shareOf(
      figures,
      "chunks",
      gcmAndHash,
      (sample) => sample.cpuSeconds,
      "whole chunks (read, seal, hash), per CPU second: 70 % of `openssl speed` for seal and hash",
    ),
    ...shareOf(
      figures,
      "chunks",
      gcm,
      (sample) => sample.seconds,
      "whole chunks, all threads together: 70 % of one core's `openssl speed` for AES-256-GCM alone",
    ),
  ],
};

function speeds(amount: number): readonly { operation: string; contender: string; sample: Sample }[] {
  const bytes = amount * mebibyte;
  const sealing = bytes / (opensslMegabytesPerSecond("aes-256-gcm", 16384) * 1e6);
  const hashing = bytes / (opensslMegabytesPerSecond("sha256", mebibyte) * 1e6);
  const sample = (seconds: number): Sample => ({ seconds, cpuSeconds: seconds });
  return ["segments", "chunks", "opened chunks"].flatMap((operation) => [
    { operation, contender: gcm, sample: sample(sealing) },
    ...(operation === "segments" ? [] : [{ operation, contender: gcmAndHash, sample: sample(sealing + hashing) }]),
  ]);
}

/** Our speed in percent of the peer's, at the largest amount. */
function shareOf(
  figures: readonly Figure[],
  operation: string,
  peer: string,
  pick: (sample: Sample) => number | undefined,
  sentence: string,
): readonly Target[] {
  if (!hasFigure(figures, operation, peer)) return [];
  const mine = medianOf(findFigure(figures, { operation, contender: ours }), pick);
  const theirs = medianOf(findFigure(figures, { operation, contender: peer }), pick);
  if (mine === undefined || theirs === undefined) return [];
  return [{ sentence, measured: (100 * theirs) / mine, bound: { kind: "atLeast", value: 70 }, unit: "%" }];
}

function readUsage(text: string): Sample {
  const value: unknown = JSON.parse(text);
  if (
    typeof value !== "object" ||
    value === null ||
    !("seconds" in value && typeof value.seconds === "number") ||
    !("cpuSeconds" in value && typeof value.cpuSeconds === "number")
  )
    throw new Error("the sealing program said something else than what it took");
  return { seconds: value.seconds, cpuSeconds: value.cpuSeconds };
}
