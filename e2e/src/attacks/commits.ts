import { CommitStage } from "./commit-stage.ts";
import { type Family, once, type Row } from "./row.ts";
import { product } from "./variant.ts";

/** Commits that a malicious member makes, and ends a group's stream with at a real service. An honest member's client, which reads it over its socket, must go on in the retry stream of the same chapter.
 *  The control: a client that leaves commits to the MLS library follows, or is thrown out; where the library alone refuses as well, the honest client follows the same commit with the one thing put right. */
export const commits: Family = {
  name: "commits",
  rows: async () => {
    const { commitAttacks, stageCommit } = await product();
    const opened = once(() => CommitStage.open());
    return commitAttacks.map(
      ({ id, attack }): Row => ({
        id: `commit/${id.replace(/^commit-/, "")}`,
        attack,
        seenAt: seenAt(id),
        run: async () => {
          const stage = await opened();
          const staged = await stageCommit(id, stage.cast);
          const { number, hostile, twin } = staged;
          const next = `${number + 1}.0`;
          const honest = await stage.follow(staged, hostile);
          const lenient = await stage.follow(staged, hostile, await product("commitsBelieved"));
          const falls = lenient.startsWith(next) || / (removed|stuck)/.test(lenient);
          const righted = falls || twin === undefined ? undefined : await stage.follow(staged, twin);
          return {
            refused: honest === `${number}.1 active`,
            control: falls || righted === `${next} active`,
            why: `${honest} / ${lenient} / ${righted ?? "no twin asked"}`,
          };
        },
      }),
    );
  },
};

function seenAt(id: string): string {
  if (id === "commit-ghost-add" || id === "commit-stranger" || id === "commit-invited-stranger")
    return "WhatsApp, Matrix";
  return id === "commit-revoked-device" || id === "commit-stale-member"
    ? "MLS deployments without a roster"
    : "MLS libraries as they come";
}
