import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Chapter, Cursor, DeviceSecrets, MemberDevice, OuterRecord, Primitives } from "@bulla/core";
import { decodeCbor } from "@bulla/wire/encoding";
import type { Inside } from "./inside.ts";
import type { Person } from "./stage.ts";

/** One space as a device holds it. */
export interface InnerSpace {
  readonly space: string;
  /** `active`, or what stopped it. */
  readonly state: string;
  readonly chapter: Chapter;
  readonly cursor: Cursor;
}

/** What lies in a device's home: for attackers who are members, or stole one. */
export interface InnerView {
  readonly primitives: Primitives;
  readonly me: MemberDevice;
  readonly secrets: DeviceSecrets;
  /** The own chain as it travels. */
  readonly chain: readonly Uint8Array[];
  /** Spaces with another member, not the self space. */
  readonly spaces: readonly InnerSpace[];
}

export async function lookInside({ core, node, wire }: Inside, person: Person): Promise<InnerView> {
  await using home = await node.openHome(person.home);
  const { store, primitives } = home;
  const secrets = core.decodeDeviceSecrets(await need(store.get("account/secrets")));
  const spaces: InnerSpace[] = [];
  for (const { key, value } of await store.list("space/")) {
    const [, space = "", what] = key.split("/");
    if (what !== "chapter") continue;
    const chapter = core.decodeChapter(primitives, value);
    if (chapter.constitution.kind === "self") continue;
    const info = decodeCbor(await need(store.get(`space/${space}/info`)), { maxBytes: 4096 }) as readonly unknown[];
    spaces.push({
      space,
      state: String(info[4]),
      chapter,
      cursor: core.decodeCursor(await need(store.get(`space/${space}/cursor`))),
    });
  }
  const place = wire.hexOf(primitives.sha256(wire.utf8(person.handle)).subarray(0, 16));
  const stored = await need(store.get(`chain/${place}`));
  const me = { handle: person.handle, deviceId: secrets.deviceId };
  const [, , statements] = decodeCbor(stored, { maxBytes: stored.length }) as readonly [
    number,
    string,
    readonly Uint8Array[],
  ];
  return { primitives, me, secrets, chain: statements.map((statement) => statement.slice()), spaces };
}

/** The direct space with everybody's key: the only one, unless told which. */
export function onlySpace({ spaces }: InnerView): InnerSpace {
  const [only] = spaces;
  if (only === undefined || spaces.length !== 1) throw new Error(`there are ${spaces.length} spaces`);
  return only;
}

/** Records that the service holds in one stream, as it can read them itself. */
export function storedRecords(dataFolder: string, sid: Uint8Array): readonly OuterRecord[] {
  const database = new DatabaseSync(join(dataFolder, "streams.db"), { readOnly: true });
  try {
    const rows = database
      .prepare("SELECT record_id, content FROM records WHERE sid = ? AND expiry_day IS NULL ORDER BY position")
      .all(sid);
    return rows.map((row) => ({ recordId: blob(row["record_id"]), body: blob(row["content"]) }));
  } finally {
    database.close();
  }
}

function blob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value.slice();
  throw new Error("not a blob");
}

async function need(value: Promise<Uint8Array | undefined>): Promise<Uint8Array> {
  const found = await value;
  if (found === undefined) throw new Error("the home lacks something");
  return found;
}
