import type { Family } from "./row.ts";
import { product } from "./variant.ts";

/** Commits that a malicious member makes. Each is judged by an honest member; the control is the library alone, or the same commit with the one thing put right. */
export const commits: Family = {
  name: "commits",
  rows: async () => {
    const { commitAttacks } = await product();
    return commitAttacks.map(({ id, attack, run }) => ({
      id: `commit/${id.replace(/^commit-/, "")}`,
      attack,
      seenAt: seenAt(id),
      run,
    }));
  },
};

function seenAt(id: string): string {
  if (id === "commit-ghost-add" || id === "commit-stranger" || id === "commit-invited-stranger")
    return "WhatsApp, Matrix";
  return id === "commit-revoked-device" || id === "commit-stale-member"
    ? "MLS deployments without a roster"
    : "MLS libraries as they come";
}
