import { decodeEvent, isSpaceName, isUnknown, saidAtOf } from "@bulla/content";
import type { Random, Role } from "@bulla/core";
import { BullaError, type Handle, hexOf, textOf, utf8 } from "@bulla/wire";
import { decode } from "@bulla/wire/encoding";
import type { LineView, SpaceView } from "../client.ts";
import type { Engine } from "../engine/engine.ts";
import { listOutbox } from "../engine/outbox.ts";
import type { MailHandler } from "../engine/space-mail.ts";
import type { SpaceInfo } from "../engine/stored.ts";
import type { Clock, Store } from "../ports.ts";
import { keepLines, mayName } from "./keep-lines.ts";
import { linePlaces, type StoredLine, storedLineCodec } from "./stored-line.ts";

export interface ConversationPorts {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

const messageTag = "message";

/** What people say to each other in spaces, direct or in groups. */
export class Conversations {
  readonly handler: MailHandler;
  readonly #ports: ConversationPorts;

  constructor(ports: ConversationPorts) {
    this.#ports = ports;
    this.handler = keepLines({ mail: ports.engine, clock: ports.clock });
  }

  /** Found a group under a name.
   *  @throws BullaError contact/*, identity/*, transport/* */
  async create(name: string, members: readonly Handle[], role: Role = "member"): Promise<string> {
    checkName(name);
    const { engine } = this.#ports;
    return engine.groups.found(members, role, async (transaction, space) => {
      await transaction.put(linePlaces.name(space), utf8(name));
      await engine.say(transaction, space, { kind: "system", what: { kind: "named", name } }, "");
    });
  }

  /** @throws BullaError wire/malformed, space/not-allowed */
  async rename(space: string, name: string): Promise<"sent" | "queued"> {
    checkName(name);
    const { role } = await this.show(space);
    if (role !== null && !mayName(role))
      throw new BullaError("space/not-allowed", `a ${role} does not name this space`, {
        hint: "ask an owner or admin",
      });
    const { engine, store } = this.#ports;
    await engine.groups.ready(space);
    const what = { kind: "named", name } as const;
    await store.step((transaction) => engine.say(transaction, space, { kind: "system", what }, ""));
    return (await engine.flush()) === "done" ? "sent" : "queued";
  }

  /** Say something, as Markdown. `queued`: the service cannot be reached; it goes out with a later command. `held`: somebody joined meanwhile who would read it, so a person has to decide.
   *  @throws BullaError space/*, wire/too-large */
  async say(space: string, text: string): Promise<LineView["state"]> {
    const { engine, store } = this.#ports;
    await engine.groups.ready(space);
    const tag = `${messageTag}/${hexOf(this.#ports.random(8))}`;
    await store.step((transaction) => engine.say(transaction, space, { kind: "note", text }, tag));
    if ((await engine.flush()) !== "done") return "queued";
    const isHeld = (await listOutbox(store, space)).some(({ entry }) => entry.kind === "held" && entry.tag === tag);
    return isHeld ? "held" : "sent";
  }

  /** Every conversation that this device is in or was in, by name. */
  async list(): Promise<readonly SpaceView[]> {
    const views: SpaceView[] = [];
    for (const [space, info] of await this.#ports.engine.groups.list())
      if (info.kind !== "self") views.push(await this.#viewOf(space, info));
    return views.sort((a, b) => (a.name ?? a.space).localeCompare(b.name ?? b.space));
  }

  /** @throws BullaError space/unknown */
  async show(space: string): Promise<SpaceView> {
    const info = (await this.#ports.engine.groups.list()).get(space);
    if (info === undefined || info.kind === "self")
      throw new BullaError("space/unknown", "there is no such space on this device");
    return this.#viewOf(space, info);
  }

  /** What was said and changed, oldest first; last, what waits to be sent.
   *  @throws BullaError space/unknown */
  async read(space: string): Promise<readonly LineView[]> {
    const { store } = this.#ports;
    const kept = await store.list(linePlaces.lines(space));
    const lines = kept.flatMap(({ key, value }) =>
      viewsOfLine(space, key, decode(storedLineCodec, value, { maxBytes: 1024 * 1024 })),
    );
    return [...withoutRepeatedNames(lines), ...(await this.#waiting(space))];
  }

  async #viewOf(space: string, { kind, home, state, peer }: SpaceInfo): Promise<SpaceView> {
    const { engine, store } = this.#ports;
    const { members, number, policy } = await engine.groups.constitution(space);
    const name = await store.get(linePlaces.name(space));
    const role = members.find(({ handle }) => handle === engine.me.handle)?.role ?? null;
    return {
      space,
      kind: kind === "direct" ? "direct" : "group",
      name: peer ?? (name === undefined ? null : textOf(name)),
      home,
      state,
      role: state === "removed" ? null : role,
      chapter: number,
      history: policy.history,
      members: members.map((member) => ({ handle: member.handle, role: member.role, devices: member.devices.length })),
    };
  }

  async #waiting(space: string): Promise<readonly LineView[]> {
    const { engine, store } = this.#ports;
    return (await listOutbox(store, space)).flatMap(({ key, entry }): readonly LineView[] => {
      if ((entry.kind !== "record" && entry.kind !== "held") || entry.content === null) return [];
      const event = decodeEvent(entry.content);
      if (isUnknown(event) || event.body.kind !== "note") return [];
      const state = entry.kind === "held" ? "held" : entry.acknowledged ? "sent" : "queued";
      const id = entry.kind === "record" ? hexOf(entry.recordId) : (key.split("/").at(-1) ?? "");
      const { text } = event.body;
      return [{ space, id, from: engine.me.handle, at: saidAtOf(event) ?? 0, own: true, state, type: "text", text }];
    });
  }
}

function checkName(name: string): void {
  if (isSpaceName(name)) return;
  throw new BullaError("wire/malformed", "that cannot be a name", {
    hint: "a name is one line of at most 200 bytes, without blanks around it",
  });
}

/** A name is said again whenever somebody comes in; for those who knew it, nothing changed. */
function withoutRepeatedNames(lines: readonly LineView[]): readonly LineView[] {
  let name: string | undefined;
  return lines.filter((line) => {
    if (line.type !== "named") return true;
    const isNew = line.text !== name;
    name = line.text;
    return isNew;
  });
}

function viewsOfLine(space: string, key: string, { author, own, read, what }: StoredLine): readonly LineView[] {
  const common = { space, from: author, own, state: "sent" } as const;
  if (what.kind === "changed") {
    const at = { ...common, at: read, id: key.split("/").slice(2).join(".") };
    return [
      ...what.added.map((who): LineView => ({ ...at, type: "added", who })),
      ...what.removed.map((who): LineView => ({ ...at, type: "removed", who })),
      ...what.roles.map(({ handle: who, role }): LineView => ({ ...at, type: "role", who, role })),
    ];
  }
  const event = decodeEvent(what.event);
  const id = hexOf(what.recordId);
  // A kind from a newer version, kept until this device learns of it.
  if (isUnknown(event)) return [{ ...common, id, at: read, type: "unknown" }];
  const said = { ...common, id, at: saidAtOf(event) ?? read };
  const { body } = event;
  if (body.kind === "note") return [{ ...said, type: "text", text: body.text }];
  if (body.kind === "file") return [{ ...said, type: "file", transfer: hexOf(body.transferId), text: body.note }];
  if (body.kind !== "system") return [];
  if (body.what.kind === "named") return [{ ...said, type: "named", text: body.what.name }];
  if (body.what.kind === "granted") return [{ ...said, type: "shared", who: body.what.handle }];
  return body.what.kind === "leaving" ? [{ ...said, type: "leaving" }] : [];
}
