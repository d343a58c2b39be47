import { runQuietly } from "../programs/program.ts";

/** What one core does in a second of CPU time with nothing but the primitive, in the system's own OpenSSL. */
export function opensslMegabytesPerSecond(algorithm: string, bytes: number): number {
  const args = ["speed", "-evp", algorithm, "-bytes", String(bytes), "-seconds", "1", "-mr"];
  const perSecond = Number(/^\+F:\d+:[^:\n]+:([\d.]+)$/m.exec(runQuietly(["openssl", ...args]))?.[1]);
  if (!Number.isFinite(perSecond)) throw new Error(`openssl speed says nothing about ${algorithm}`);
  return perSecond / 1e6;
}
