import { cp } from "node:fs/promises";
import type { OuterRecord } from "@bulla/core";
import type { VerifiedChain } from "@bulla/wire/identity";
import { decodeSignedStatement } from "@bulla/wire/identity";
import { type InnerView, lookInside, onlySpace, storedRecords } from "./inner-view.ts";
import type { Actor, Cast, Inside, StagedCommit } from "./inside.ts";
import { codeOf } from "./row.ts";
import { type Person, Stage } from "./stage.ts";
import { product } from "./variant.ts";

/** A group of three owners at a real service, each with a home of its own; Eve has an account there and is no member. Attacks are carried out on copies of it, over sockets. */
export class CommitStage implements AsyncDisposable {
  readonly #inside: Inside;
  readonly #stage: Stage;
  readonly #bob: Person;
  readonly cast: Cast;

  private constructor(inside: Inside, stage: Stage, bob: Person, cast: Cast) {
    this.#inside = inside;
    this.#stage = stage;
    this.#bob = bob;
    this.cast = cast;
  }

  static async open(): Promise<CommitStage> {
    const inside = await product();
    const stage = await Stage.open();
    const people: Person[] = [];
    for (const name of ["alice", "bob", "mallory", "eve"]) people.push(await stage.person(name));
    const [alice, bob, mallory, eve] = people as [Person, Person, Person, Person];
    const space = await stage.use(alice, async (client) => {
      const founded = await client.createSpace("prey", []);
      await client.addMembers(founded, [bob.handle, mallory.handle], "owner");
      return founded;
    });
    await stage.use(mallory, async (client) => {
      await client.spaces();
      await client.rotateSpace(space);
    });
    await stage.use(alice, (client) => client.rotateSpace(space));
    for (const person of [bob, mallory, eve]) await stage.use(person, (client) => client.spaces());
    const views: InnerView[] = [];
    for (const person of [alice, bob, mallory, eve]) views.push(await lookInside(inside, person));
    const [a, b, m, e] = (await Promise.all(views.map((view) => actorOf(inside, view)))) as [
      Actor,
      Actor,
      Actor,
      Actor,
    ];
    const { chapter } = onlySpace(views[1] as InnerView);
    const records = storedRecords(stage.dataFolder, chapter.stream.sid);
    await stage.stop();
    return new CommitStage(inside, stage, bob, { alice: a, bob: b, mallory: m, eve: e, records });
  }

  /** End the stream with these records and let Bob's client read it. Where he then is: chapter, retry and state. */
  async follow(staged: StagedCommit, ending: readonly OuterRecord[], by: Inside = this.#inside): Promise<string> {
    const stage = this.#stage;
    const dataFolder = stage.path("data");
    await cp(stage.dataFolder, dataFolder, { recursive: true });
    const { url, ...service } = await this.#inside.createService({
      dataFolder,
      port: 0,
      domain: stage.proxy.authority,
    });
    stage.proxy.target = url;
    try {
      await this.#carryOut(staged, ending);
      const bob = await stage.copy(this.#bob);
      const failed = await stage.use(bob, (client) => client.spaces().then(() => ""), by).catch(codeOf);
      const { chapter, state } = onlySpace(await lookInside(this.#inside, bob));
      return `${chapter.number}.${chapter.retry} ${state}${failed === "" ? "" : ` ${failed}`}`;
    } finally {
      await service[Symbol.asyncDispose]();
    }
  }

  async #carryOut({ chains, streams }: StagedCommit, ending: readonly OuterRecord[]): Promise<void> {
    const { client, node } = this.#inside;
    const { alice, mallory } = this.cast;
    const { primitives } = this;
    await using transport = new node.NodeTransport();
    const { url } = this.#stage.proxy;
    for (const actor of [alice, mallory]) {
      const { me, secrets, chain } = actor;
      const name = me.handle.split("@")[0] ?? "";
      const sign = (message: Uint8Array): Promise<Uint8Array> => primitives.signEd25519(secrets.requestSeed, message);
      const signer = { name, deviceId: me.deviceId, sign };
      const service = client.createServiceClient({ transport, verifier: primitives, url, signer });
      for (const statement of chains.get(me.handle)?.statements.slice(chain.position) ?? [])
        await service.appendStatement(name, statement);
    }
    await using connection = new client.StreamConnection({
      transport,
      verifier: primitives,
      clock: node.systemClock,
      random: primitives.random,
      url,
    });
    for (const [i, { stream, records }] of streams.entries()) {
      const isLast = i === streams.length - 1;
      await connection.attach(stream, (message) => primitives.signEd25519(stream.writeSeed, message));
      const before = streams[i - 1];
      if (before !== undefined) await connection.openStream(stream.sid, { kind: "closed", sid: before.stream.sid });
      const all = isLast ? [...records, ...ending] : records;
      for (const [at, { recordId, body }] of all.entries()) {
        const close = at === all.length - 1;
        const result = await connection.append({ sid: stream.sid, recordId, body, expiryDay: null, close });
        if (result.kind !== "appended" && result.kind !== "duplicate")
          throw new Error(`the service said ${result.kind}`);
      }
    }
  }

  get primitives(): InnerView["primitives"] {
    return this.#inside.node.createNodePrimitives();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stage[Symbol.asyncDispose]();
  }
}

async function actorOf({ identity }: Inside, view: InnerView): Promise<Actor> {
  const { me, secrets, primitives } = view;
  const chain: VerifiedChain = await identity.verifyChain(primitives, me.handle, view.chain.map(decodeSignedStatement));
  const chapter = view.spaces[0]?.chapter;
  return { me, secrets, chain, ...(chapter === undefined ? {} : { chapter }) };
}
