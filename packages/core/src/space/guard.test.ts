import { describe, expect, test } from "vitest";
import { leavesOf } from "./group.ts";
import { checkRoster } from "./guard.ts";
import { type Leaf } from "./leaf.ts";
import { commitAttacks, honestShapes } from "./testing/commit-attacks.fixture.ts";
import type { Member } from "./testing/member.fixture.ts";
import { answer, flipped, present } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

/** The one check that each attack is there for. Several would be caught by a later one as well; each is to be caught by its own. */
const reasons: Readonly<Record<string, string>> = {
  "commit-group-context-extensions": "it holds a proposal that is not in our profile",
  "commit-reinit": "it holds a proposal that is not in our profile",
  "commit-psk": "it holds a proposal that is not in our profile",
  "commit-custom-proposal": "it holds a proposal that is not in our profile",
  "commit-free-proposal": "it is a proposal outside a commit",
  "commit-private-commit": "it is not a PublicMessage",
  "commit-by-reference": "it names a proposal by reference",
  "commit-remove-no-path": "a commit with a Remove, and an empty commit, must have a path",
  "commit-empty-no-path": "a commit with a Remove, and an empty commit, must have a path",
  "commit-member-external-init": "it holds a proposal that is not in our profile",
  "commit-ghost-add": "a leaf belongs to nobody in the constitution",
  "commit-ghost-remove": "it removes others than the operations say",
  "commit-stale-member": "it removes others than the operations say",
  "commit-add-and-remove": "it adds and removes at once",
  "commit-no-role": "its committer has no right to commit",
  "commit-guest-commit": "its committer has no right to commit",
  "commit-borrowed-commit": "it is not by the device that signed the closing record",
  "commit-other-constitution": "it is bound to another constitution or stream",
  "commit-other-head": "it is bound to another constitution or stream",
  "commit-unbound": "it is bound to another constitution or stream",
  "commit-trailing-bytes": "not exactly one MLS message",
  "commit-forged-signature": "its signature or membership tag is wrong",
  "commit-forged-leaf": "its leaf is not signed by its device",
  "commit-short-path": "it is not valid for this group",
  "commit-long-path": "it is not valid for this group",
  "commit-old-epoch": "it belongs to another group or epoch",
  "commit-swapped-identity": "its committer changed its identity",
  "commit-swapped-key": "a leaf key is not certified by its account",
  "commit-leaf-extensions": "a leaf carries extensions",
  "commit-poisoned-leaf": "a leaf is not able to do what a space needs",
  "commit-duplicate-path-keys": "an encryption key is used twice",
  "commit-key-in-tree": "an encryption key is used twice",
  "commit-added-key-in-tree": "an encryption key is used twice",
  "commit-two-leaves": "it adds others than the operations say",
  "commit-package-extensions": "a KeyPackage carries extensions",
  "commit-package-leaf-extensions": "a leaf carries extensions",
  "commit-package-suite": "a KeyPackage is of another suite",
  "commit-package-key": "a leaf key is not certified by its account",
  "commit-package-forged": "a KeyPackage is not signed by its device",
  "commit-package-init-forged": "a KeyPackage is not signed by its device",
  "commit-package-poisoned": "a leaf is not able to do what a space needs",
  "commit-stranger": "an account that is no member joins by itself",
  "commit-invited-stranger": "an account that is no member joins by itself",
  "commit-revoked-device": "a leaf key is not certified by its account",
  "commit-external-steals": "an external commit removes the leaf of another device",
  "commit-external-second-leaf": "an external commit would leave its device two leaves",
  "commit-external-unpinned": "a leaf belongs to nobody in the constitution",
  "commit-external-other-proposals": "an external commit holds other proposals than ExternalInit and one Remove",
  "commit-external-no-path": "an external commit must have a path",
  "commit-external-borrowed": "it is not by the device that signed the closing record",
};

describe("no member adopts", () => {
  for (const { id, attack, run } of commitAttacks) {
    test(`${id}: ${attack}`, async () => {
      const verdict = await run();
      expect(verdict).toMatchObject({ refused: true, control: true });
      expect(verdict.why).toContain(present(reasons[id], "a reason"));
    });
  }
});

test("an honest rotation, removal, addition, external join and resync are accepted by the same rules", async () => {
  expect(await honestShapes()).toEqual(Array(5).fill("accepted"));
});

test("a tree whose leaves are not exactly the devices of the constitution, each with its certified key and an own encryption key, is refused", async () => {
  const [alice, bob] = (await new World().group(["alice", "bob"])) as [Member, Member];
  const leaves = leavesOf(present(alice.chapter.group));
  const [first, second] = leaves as [Leaf, Leaf];
  const roster = (changed: readonly Leaf[]): Promise<string> =>
    answer(() => {
      try {
        checkRoster(bob.book, alice.chapter.constitution, changed);
      } catch (error) {
        throw new Error(error instanceof Error ? error.message : "");
      }
    });
  expect(await roster(leaves)).toBe("accepted");
  expect(await roster([first])).toContain("leaves and devices of the constitution differ");
  expect(await roster([...leaves, first])).toContain("leaves and devices of the constitution differ");
  expect(await roster([first, first])).toContain("a device has two leaves");
  expect(await roster([first, { ...second, encryptionKey: first.encryptionKey }])).toContain(
    "an encryption key is used twice",
  );
  expect(await roster([first, { ...second, signatureKey: flipped(second.signatureKey, 0) }])).toContain(
    "not certified",
  );
  const stranger = { ...second.device, deviceId: new Uint8Array(16) };
  expect(await roster([first, { ...second, device: stranger }])).toContain("belongs to nobody");
});
