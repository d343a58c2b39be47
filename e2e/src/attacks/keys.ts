import { flipBit, type Lies } from "@bulla/testkit";
import { equalBytes } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import {
  decodeSignedStatement,
  signedStatementCodec,
  statementCodec,
  statementSigningBytes,
} from "@bulla/wire/identity";
import { canRead, createEvilDevice, takePostsFor, today } from "./evil-device.ts";
import { lookInside } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import type { SwapName } from "./permissive.ts";
import { codeOf, type Family, type Outcome, type Row } from "./row.ts";
import { spread } from "./spread.ts";
import { gotFile, gotNothing, type Person, Stage } from "./stage.ts";
import { product } from "./variant.ts";

const note = "the plans for the harbour";

/** What the directory may say about somebody's keys, and may not. */
export const keys: Family = { name: "keys", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();
  const stage = await Stage.open();
  const alice = await stage.person("alice");
  const bob = await stage.person("bob");
  const bobInside = await lookInside(inside, bob);
  const evil = await createEvilDevice(inside, bob.handle);
  const [honest] = bobInside.chain;
  if (honest === undefined) throw new Error("bob has no chain");
  const letter = await stage.file("plans.txt", "x");

  /** Send while the directory lies. @returns "sent", or the code of the refusal */
  const send = async (from: Person, lies: Lies, by: Inside): Promise<string> => {
    stage.proxy.lies = lies;
    try {
      return (await stage.send(from, bob, letter, { note, inside: by })).state;
    } catch (error) {
      return codeOf(error);
    } finally {
      stage.proxy.lies = {};
    }
  };
  const ofBob = (chain: readonly Uint8Array[]): Lies => ({
    statements: (name, from, honestly) => (name === "bob" ? chain.slice(from) : honestly),
  });
  const with_ = (deviceId: Uint8Array, keyPackage: Uint8Array): Lies => ({
    packages: () => [{ deviceId, keyPackage, lastResort: false }],
  });
  /** The same lie told to the product and to a twin, each from the same state. */
  const judge = async (
    before: Person,
    lies: Lies,
    codes: readonly string[],
    swaps: readonly SwapName[],
    succeeds: (state: string) => Promise<boolean>,
  ): Promise<Outcome> => {
    const posts = stage.proxy.seen.requests.length;
    const code = await send(await stage.copy(before), lies, inside);
    const isSilent = !stage.proxy.seen.requests
      .slice(posts)
      .some(({ method, path }) => method === "POST" && path.includes("/inbox"));
    const state = await send(await stage.copy(before), lies, await product(...swaps));
    return { refused: codes.includes(code) && isSilent, control: await succeeds(state), why: `${code} / ${state}` };
  };
  const evilReads = async (): Promise<boolean> =>
    canRead(inside, stage.proxy, stage.dataFolder, evil.me, evil.secrets, note);
  /** Bob's chain is pinned, nothing else is there yet. */
  const pinned = async (chain: readonly Uint8Array[]): Promise<Person> => {
    const copy = await stage.copy(alice);
    await send(copy, { ...ofBob(chain), packages: () => [] }, inside);
    return copy;
  };
  const chain = await inside.identity.verifyChain(evil.primitives, bob.handle, [decodeSignedStatement(honest)]);
  const phone = await createEvilDevice(inside, bob.handle);
  const longer = await inside.core.addDevice(evil.primitives, chain, bobInside.secrets, phone.certificate, today);
  const second = encode(signedStatementCodec, longer.statement);

  return [
    {
      id: "key-swap-pinned",
      attack: "the service shows another chain for somebody who was pinned",
      seenAt: "Nextcloud, Tresorit, Sync",
      run: async () =>
        judge(
          await pinned([honest]),
          { ...ofBob(evil.chain), ...with_(evil.me.deviceId, evil.keyPackage), answer: takePostsFor(evil.me.deviceId) },
          ["identity/pin-mismatch"],
          ["noPins"],
          evilReads,
        ),
    },
    {
      id: "key-swap-package",
      attack: "under an honest chain the service hands out a KeyPackage of its own",
      seenAt: "Nextcloud, Tresorit, Sync",
      run: async () => {
        const { publicPackage } = await inside.core.createKeyPackage(
          evil.primitives,
          bobInside.me,
          evil.secrets,
          today,
        );
        return judge(
          alice,
          with_(bobInside.me.deviceId, publicPackage),
          ["contact/no-device"],
          ["uncertifiedLeaves"],
          async (state) => state === "sent",
        );
      },
    },
    {
      id: "key-swap-statement",
      attack: "the service puts its own inbox key into somebody's first statement",
      seenAt: "Tresorit",
      run: async () => {
        const { statement, ...signed } = decodeSignedStatement(honest);
        const opened = decode(statementCodec, statement, { maxBytes: 8192 });
        if (opened.body.kind !== "create") throw new Error("not a first statement");
        const { device } = opened.body;
        const inboxKey = await evil.primitives.xwingPublicKey(evil.secrets.inboxSeed);
        const changed = encode(statementCodec, {
          ...opened,
          body: { ...opened.body, device: { ...device, keys: { ...device.keys, inboxKey } } },
        });
        return judge(
          alice,
          ofBob([encode(signedStatementCodec, { ...signed, statement: changed })]),
          ["identity/bad-signature"],
          ["noChainSignatures"],
          async () => canRead(inside, stage.proxy, stage.dataFolder, bobInside.me, evil.secrets, note),
        );
      },
    },
    {
      id: "key-swap-shortened",
      attack: "the service shows a chain shorter than before",
      seenAt: "Matrix",
      run: async () =>
        judge(
          await pinned([honest, second]),
          ofBob([honest]),
          ["identity/chain-shortened"],
          ["noPins"],
          async (state) => state === "sent",
        ),
    },
    {
      id: "ghost-device",
      attack: "the service adds a device to an account",
      seenAt: "Matrix, Dashlane",
      run: async () => {
        const ghost = await createEvilDevice(inside, bob.handle);
        const { statement } = await inside.core.addDevice(
          evil.primitives,
          chain,
          bobInside.secrets,
          ghost.certificate,
          today,
        );
        const signature = await evil.primitives.signEd25519(
          ghost.secrets.chainSeed,
          statementSigningBytes(statement.statement, statement.signer),
        );
        const lies: Lies = {
          ...ofBob([honest, encode(signedStatementCodec, { ...statement, signature })]),
          packages: (_, packages) => [
            ...packages,
            { deviceId: ghost.me.deviceId, keyPackage: ghost.keyPackage, lastResort: false },
          ],
          answer: takePostsFor(ghost.me.deviceId),
        };
        return judge(alice, lies, ["identity/bad-signature"], ["noChainSignatures"], async () =>
          canRead(inside, stage.proxy, stage.dataFolder, ghost.me, ghost.secrets, note),
        );
      },
    },
    {
      id: "downgrade-version",
      attack: "a statement of an older format, rightly signed",
      seenAt: "Dashlane",
      run: async () => {
        const loose = await product("anyVersion");
        const { statement, signer } = decodeSignedStatement(honest);
        const older = loose.encoding.encode(loose.identity.statementCodec, {
          ...loose.encoding.decode(loose.identity.statementCodec, statement, { maxBytes: 8192 }),
          version: 0,
        });
        const signature = await evil.primitives.signEd25519(
          bobInside.secrets.chainSeed,
          statementSigningBytes(older, signer),
        );
        return judge(
          alice,
          ofBob([encode(signedStatementCodec, { statement: older, signer, signature })]),
          ["wire/unsupported-version"],
          ["anyVersion"],
          async (state) => state === "sent",
        );
      },
    },
    {
      id: "downgrade-old-keys",
      attack: "the service hands out a KeyPackage that expired, of keys that may be lost by now",
      seenAt: "Signal (Prekey Pogo)",
      run: async () => {
        const { publicPackage } = await inside.core.createKeyPackage(
          evil.primitives,
          bobInside.me,
          bobInside.secrets,
          today - 400,
        );
        return judge(
          alice,
          with_(bobInside.me.deviceId, publicPackage),
          ["contact/no-device"],
          ["oldKeyPackages"],
          async (state) => state === "sent",
        );
      },
    },
    {
      id: "downgrade-suite",
      attack: "somebody invites into a space whose signed constitution allows a weaker suite",
      seenAt: "DAVE, Dashlane",
      run: async () => {
        const founder = await stage.copy(alice);
        const state = await stage
          .send(founder, bob, letter, { inside: await product("weakSuite") })
          .then(({ state: sent }) => sent, codeOf);
        const before = await stage.copy(bob);
        // The same invitation for both.
        stage.proxy.lies = {
          answer: ({ path }) => (path.endsWith("/inbox/acknowledgements") ? { status: 204 } : undefined),
          envelopes: (inbox, honest) => (inbox.startsWith("bob/") ? honest.slice(-1) : honest),
        };
        const got = await stage.receive(await stage.copy(before));
        const twin = await stage.receive(before, await product("anySuite"));
        stage.proxy.lies = {};
        const code = got.views.map((view) => (view.kind === "refused" ? view.code : view.kind)).join();
        return {
          refused: state === "sent" && gotNothing(got) && code === "space/refused-welcome",
          control: gotFile(twin),
          why: `${state} ${code} / ${twin.views.map((view) => (view.kind === "refused" ? view.code : view.kind)).join()}`,
        };
      },
    },
    {
      id: "bitflip-key-packages",
      attack: "flipped bits in every region of a KeyPackage",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const { publicPackage } = await inside.core.createKeyPackage(
          evil.primitives,
          bobInside.me,
          bobInside.secrets,
          today,
        );
        const codes: string[] = [];
        const victim = await stage.copy(alice);
        for (const at of spread(publicPackage.length, [1, 3, 5, 7, 8, 12, 1200, -1, -70]))
          codes.push(await send(victim, with_(bobInside.me.deviceId, flipBit(publicPackage, at)), inside));
        const state = await send(
          await stage.copy(alice),
          with_(bobInside.me.deviceId, flipBit(publicPackage, 10 + 1200)),
          await product("unsignedKeyPackages"),
        );
        return {
          refused: codes.every((code) => code === "contact/no-device"),
          control: state === "sent",
          why: `${[...new Set(codes)].join()} / ${state}`,
        };
      },
    },
    {
      id: "bitflip-chains",
      attack: "flipped bits in every region of an identity chain's link",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const codes: string[] = [];
        const victim = await stage.copy(alice);
        for (const at of spread(honest.length, [0, 3, 4, -1, -64, -70, -80]))
          codes.push(await send(victim, ofBob([flipBit(honest, at)]), inside));
        const inboxKey = Buffer.from(honest).indexOf(await evil.primitives.xwingPublicKey(bobInside.secrets.inboxSeed));
        const state = await send(
          await stage.copy(alice),
          ofBob([flipBit(honest, inboxKey + 1200)]),
          await product("noChainSignatures"),
        );
        const isRefusal = (code: string): boolean =>
          code.startsWith("identity/") || code.startsWith("wire/") || code === "transport/bad-answer";
        return {
          refused: codes.every(isRefusal) && inboxKey > 0 && !equalBytes(honest, flipBit(honest, 0)),
          control: state === "sent",
          why: `${[...new Set(codes)].join()} / ${state}`,
        };
      },
    },
  ];
}
