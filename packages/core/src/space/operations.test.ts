import { describe, expect, test } from "vitest";
import { applyOperations } from "./apply-operations.ts";
import { constitutionHash, defaultPolicy, memberOf, type Role } from "./constitution.ts";
import { newestPin } from "./found.ts";
import {
  decodeOperation,
  decodeOperations,
  encodeOperations,
  type OperationBody,
  type SignedOperation,
} from "./operation.ts";
import { mayCommit, mayOperate, maySend, needsApprovals } from "./rights.ts";
import type { Device } from "./testing/ground.fixture.ts";
import { catchUpAll, type Member } from "./testing/member.fixture.ts";
import { answer, flipped, present } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

const roles: readonly Role[] = ["owner", "admin", "member", "reader", "guest"];

/** One group with every role in it; signing and applying changes nothing. */
interface Cast {
  readonly world: World;
  readonly members: Readonly<Record<Role, Member>>;
  /** A second one of each role, to be the object of operations. */
  readonly others: Readonly<Record<Role, Member>>;
  readonly eve: Device;
}

let made: Promise<Cast> | undefined;
const cast = (): Promise<Cast> => (made ??= createCast());

async function createCast(): Promise<Cast> {
  const world = new World();
  const founder = await world.found(await world.enrol("owner"));
  const names = [...roles.slice(1), ...roles.map((role) => `${role}2`)];
  const newcomers = await Promise.all(
    names.map(async (name) => {
      const device = await world.enrol(name);
      return {
        device,
        published: await world.publish(device),
        role: present(roles.find((role) => name.startsWith(role))),
      };
    }),
  );
  const joined = await founder.add(newcomers);
  const by = (name: string): Member => present([founder, ...joined].find(({ me }) => me.handle.startsWith(`${name}@`)));
  const record = (suffix: string): Record<Role, Member> => ({
    owner: by(`owner${suffix}`),
    admin: by(`admin${suffix}`),
    member: by(`member${suffix}`),
    reader: by(`reader${suffix}`),
    guest: by(`guest${suffix}`),
  });
  return { world, members: record(""), others: record("2"), eve: await world.enrol("eve") };
}

const apply = (member: Member, ...operations: readonly SignedOperation[]): Promise<string> =>
  answer(() => applyOperations(member.world.primitives, member.book, member.chapter.constitution, operations));
const refused = "space/refused-constitution";

describe("who may do what", () => {
  const below: readonly Role[] = ["member", "reader", "guest"];
  const addable = (by: Role, role: Role): boolean => by === "owner" || (by === "admin" && below.includes(role));

  for (const by of roles) {
    test(`${by}: add members of each role`, async () => {
      const { members, eve } = await cast();
      for (const role of roles)
        expect([role, await apply(members[by], await members[by].addOperation(eve, role))]).toEqual([
          role,
          addable(by, role) ? "accepted" : refused,
        ]);
    });

    test(`${by}: remove members of each role`, async () => {
      const { members, others } = await cast();
      for (const role of roles) {
        const operation = await members[by].sign({ kind: "removeMember", handle: others[role].me.handle });
        expect([role, await apply(members[by], operation)]).toEqual([role, addable(by, role) ? "accepted" : refused]);
      }
    });

    test(`${by}: turn members of each role into each role`, async () => {
      const { members, others } = await cast();
      for (const from of roles) {
        for (const to of roles) {
          const operation = await members[by].sign({ kind: "setRole", handle: others[from].me.handle, role: to });
          const may = by === "owner" || (by === "admin" && below.includes(from) && below.includes(to));
          expect([from, to, await apply(members[by], operation)]).toEqual([from, to, may ? "accepted" : refused]);
        }
      }
    });

    test(`${by}: set the policy`, async () => {
      const { members } = await cast();
      const operation = await members[by].sign({ kind: "setPolicy", policy: { ...defaultPolicy, retentionDays: 7 } });
      expect(await apply(members[by], operation)).toBe(by === "owner" ? "accepted" : refused);
    });

    test(`${by}: bring the devices of another, and of its own account, up to date`, async () => {
      const { members, others } = await cast();
      for (const role of roles) {
        const { me } = others[role];
        expect(await apply(members[by], await members[by].setDevices(me.handle, [me.deviceId]))).toBe(
          mayCommit(by) ? "accepted" : refused,
        );
      }
      const { me } = members[by];
      expect(await apply(members[by], await members[by].setDevices(me.handle, [me.deviceId]))).toBe("accepted");
    });

    test(`${by}: leave, but not in the name of another`, async () => {
      const { members, others } = await cast();
      expect(await apply(members[by], await members[by].signLeave())).toBe("accepted");
      const other = others[by];
      const since = present(memberOf(other.chapter.constitution, other.me.handle)).since;
      const forced = await members[by].sign(
        { kind: "leave", handle: other.me.handle, since },
        { basis: new Uint8Array(32) },
      );
      expect(await apply(members[by], forced)).toBe(refused);
    });
  }

  test("readers say nothing, readers and guests close nothing", () => {
    expect(roles.filter(maySend)).toEqual(["owner", "admin", "member", "guest"]);
    expect(roles.filter(mayCommit)).toEqual(["owner", "admin", "member"]);
  });

  test("leaving and devices need no approval of others, all else does", () => {
    const bodies: readonly OperationBody["kind"][] = [
      "addMember",
      "removeMember",
      "leave",
      "setRole",
      "setDevices",
      "setPolicy",
    ];
    expect(bodies.filter((kind) => needsApprovals({ kind } as OperationBody))).toEqual([
      "addMember",
      "removeMember",
      "setRole",
      "setPolicy",
    ]);
    expect(roles.some((role) => mayOperate({ members: [] } as never, role, { kind: "leave" } as OperationBody))).toBe(
      false,
    );
  });
});

describe("an operation", () => {
  test("counts with every signature right, and not at all with one wrong, foreign or missing", async () => {
    const { members, eve, world } = await cast();
    const { owner } = members;
    const signed = await owner.addOperation(eve, "member");
    const [first] = signed.signatures;
    const { device, signature } = present(first);
    expect(await apply(owner, signed)).toBe("accepted");
    expect(await apply(owner, { ...signed, signatures: [] })).toBe(refused);
    expect(await apply(owner, { ...signed, signatures: [{ device, signature: flipped(signature, 0) }] })).toBe(refused);
    expect(await apply(owner, { ...signed, signatures: [{ device: members.admin.me, signature }] })).toBe(refused);
    expect(await apply(owner, { ...signed, signatures: [{ device: eve.me, signature }] })).toBe(refused);
    expect(
      await apply(owner, {
        ...signed,
        signatures: [present(first), { device: eve.me, signature: new Uint8Array(64) }],
      }),
    ).toBe(refused);
    expect(
      await apply(owner, {
        operation: flipped(signed.operation, signed.operation.length - 1),
        signatures: signed.signatures,
      }),
    ).not.toBe("accepted");
    const phone = await world.enrolSecond(owner.device);
    expect(await apply(owner, { ...signed, signatures: [{ device: phone.me, signature }] })).toBe(refused);
  });

  test("of another chapter or another space is refused", async () => {
    const { members, eve } = await cast();
    const { owner } = members;
    const { body } = decodeOperation(await owner.addOperation(eve, "member"));
    expect(await apply(owner, await owner.sign(body, { basis: new Uint8Array(32) }))).toBe(refused);
    expect(
      await apply(
        owner,
        await owner.sign(body, {
          basis: constitutionHash(owner.world.primitives, { ...owner.chapter.constitution, number: 0 }),
        }),
      ),
    ).toBe(refused);
    const elsewhere = await owner.world.found(owner.device);
    expect(
      await apply(
        owner,
        await elsewhere.sign(body, { basis: constitutionHash(owner.world.primitives, owner.chapter.constitution) }),
      ),
    ).toBe(refused);
    expect(await apply(elsewhere, await owner.signLeave())).toBe(refused);
  });

  test("is once per member and change, and only about members", async () => {
    const { members, others, eve } = await cast();
    const { owner } = members;
    const add = await owner.addOperation(eve, "member");
    expect(await apply(owner, add, add)).toBe(refused);
    const { me } = others.member;
    const [remove, role] = [
      await owner.sign({ kind: "removeMember", handle: me.handle }),
      await owner.sign({ kind: "setRole", handle: me.handle, role: "guest" }),
    ];
    expect(await apply(owner, remove, await others.member.signLeave())).toBe(refused);
    expect(await apply(owner, remove, role)).toBe(refused);
    expect(await apply(owner, role, remove)).toBe("accepted");
    const again = await owner.sign({ kind: "setRole", handle: me.handle, role: "reader" });
    expect(await apply(owner, role, again)).toBe(refused);
    expect(await apply(owner, await owner.sign({ kind: "removeMember", handle: eve.me.handle }))).toBe(refused);
    expect(await apply(owner, await owner.addOperation(others.guest.device, "member"))).toBe(refused);
  });

  test("names devices that their account's chain has at that place, each once, and at least one", async () => {
    const { members, eve, world } = await cast();
    const { owner } = members;
    const add = async (devices: readonly Uint8Array[], pin = newestPin(world.book, eve.me.handle)): Promise<string> =>
      apply(owner, await owner.sign({ kind: "addMember", handle: eve.me.handle, role: "member", pin, devices }));
    expect(await add([eve.me.deviceId])).toBe("accepted");
    expect(await add([])).toBe(refused);
    expect(await add([eve.me.deviceId, eve.me.deviceId])).toBe(refused);
    expect(await add([new Uint8Array(16)])).toBe(refused);
    expect(await add([eve.me.deviceId], { position: 1, hash: new Uint8Array(32) })).toBe("identity/pin-mismatch");
  });

  test("takes a device out only when its account revoked it, and never goes back in a chain", async () => {
    const world = new World();
    const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
    const before = newestPin(world.book, bob.me.handle);
    const phone = await world.joinExternally(await world.enrolSecond(bob.device), bob.entry);
    await catchUpAll(alice, bob);
    expect(await apply(alice, await alice.setDevices(bob.me.handle, [bob.me.deviceId]))).toBe(refused);
    expect(
      await apply(
        alice,
        await alice.sign({ kind: "setDevices", handle: bob.me.handle, pin: before, devices: [bob.me.deviceId] }),
      ),
    ).toBe(refused);
    await world.revoke(bob.device, phone.me);
    expect(await apply(alice, await alice.setDevices(bob.me.handle, [bob.me.deviceId]))).toBe("accepted");
    expect(await apply(alice, await alice.setDevices(bob.me.handle, [bob.me.deviceId, phone.me.deviceId]))).toBe(
      refused,
    );
  });

  test("survives its encoding", async () => {
    const { members, eve } = await cast();
    const operations = [await members.owner.approve(await members.owner.addOperation(eve, "member"))];
    expect(decodeOperations(encodeOperations(operations))).toEqual(operations);
  });
});

test("a leave is bound to the membership it ends: used again after a return it is refused", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  const leave = await bob.signLeave();
  await alice.rotate();
  expect(await alice.change({ operations: [leave] })).toBe(true);
  await alice.add([{ device: bob.device, published: await world.publish(bob.device), role: "member" }]);
  expect(await apply(alice, leave)).toBe(refused);
});

describe("where two must approve", () => {
  const twoOf = async (): Promise<{ world: World; alice: Member; bob: Member; carol: Member; eve: Device }> => {
    const world = new World();
    const [alice, bob, carol] = (await world.group(["alice", "bob", "carol"], "owner")) as [Member, Member, Member];
    await alice.change({
      operations: [await alice.sign({ kind: "setRole", handle: carol.me.handle, role: "member" })],
    });
    await alice.change({
      operations: [await alice.sign({ kind: "setPolicy", policy: { ...defaultPolicy, approvals: 2 } })],
    });
    await catchUpAll(bob, carol);
    return { world, alice, bob, carol, eve: await world.enrol("eve") };
  };

  test("one officer alone is refused, two are enough, and a member's signature does not count", async () => {
    const { alice, bob, carol, eve } = await twoOf();
    const alone = await alice.addOperation(eve, "member");
    expect(await apply(alice, alone)).toBe(refused);
    expect(await apply(alice, await carol.approve(alone))).toBe(refused);
    expect(await apply(alice, await bob.approve(alone))).toBe("accepted");
  });

  test("one account that signs twice, or with two devices, counts once", async () => {
    const { world, alice, bob, eve } = await twoOf();
    const phone = await world.joinExternally(await world.enrolSecond(alice.device), alice.entry);
    await catchUpAll(alice, bob);
    const alone = await alice.addOperation(eve, "member");
    expect(await apply(alice, await alice.approve(alone))).toBe(refused);
    expect(await apply(alice, await phone.approve(alone))).toBe(refused);
    expect(await apply(alice, await bob.approve(await phone.approve(alone)))).toBe("accepted");
  });

  test("a closing with one approval is none for everybody", async () => {
    const { alice, bob, carol } = await twoOf();
    const operation = await alice.sign({ kind: "removeMember", handle: carol.me.handle });
    expect(await answer(() => alice.prepare({ operations: [operation] }))).toBe(refused);
    expect(await alice.change({ operations: [await bob.approve(operation)] })).toBe(true);
    await carol.catchUp();
    expect(carol.standing).toBe("removed");
  });

  test("neither the policy nor the number of officers falls below what it takes", async () => {
    const { alice, bob } = await twoOf();
    expect(await apply(alice, await alice.sign({ kind: "setPolicy", policy: defaultPolicy }))).toBe(refused);
    expect(
      await apply(
        alice,
        await bob.approve(await alice.sign({ kind: "setRole", handle: bob.me.handle, role: "member" })),
      ),
    ).toBe(refused);
    expect(
      await apply(
        alice,
        await bob.approve(await alice.sign({ kind: "setPolicy", policy: { ...defaultPolicy, approvals: 3 } })),
      ),
    ).toBe(refused);
    expect(await apply(alice, await bob.approve(await alice.sign({ kind: "setPolicy", policy: defaultPolicy })))).toBe(
      "accepted",
    );
  });

  // Whoever founds alone with such a policy can never change anything again, not even rotate.
  test.fails("not held yet: a space cannot be founded with a policy that its founder alone cannot meet", async () => {
    const world = new World();
    const alice = await world.found(await world.enrol("alice"), { policy: { ...defaultPolicy, approvals: 2 } });
    await alice.rotate();
  });
});

describe("the shape of a space", () => {
  test("always has an owner", async () => {
    const [alice, bob] = (await new World().group(["alice", "bob"])) as [Member, Member];
    expect(await apply(alice, await alice.signLeave())).toBe(refused);
    expect(await apply(alice, await alice.sign({ kind: "setRole", handle: alice.me.handle, role: "admin" }))).toBe(
      refused,
    );
    expect(
      await apply(
        alice,
        await alice.sign({ kind: "setRole", handle: bob.me.handle, role: "owner" }),
        await alice.signLeave(),
      ),
    ).toBe("accepted");
  });

  test("of a self space is one account, of a direct space at most two, whatever their approvals", async () => {
    const world = new World();
    const alice = await world.enrol("alice");
    const [bob, carol] = [await world.enrol("bob"), await world.enrol("carol")];
    const self = await world.found(alice, { kind: "self" });
    expect(await apply(self, await self.addOperation(bob, "member"))).toBe(refused);
    const direct = await world.found(alice, { kind: "direct", policy: { ...defaultPolicy, approvals: 2 } });
    expect(await apply(direct, await direct.addOperation(bob, "owner"))).toBe("accepted");
    expect(
      await apply(direct, await direct.addOperation(bob, "owner"), await direct.addOperation(carol, "owner")),
    ).toBe(refused);
  });
});
