import { type Client, isSpaceName, type SpaceView } from "@bulla/client";
import type { Handle } from "@bulla/wire";
import { usage } from "../command-line.ts";
import type { Context } from "../context.ts";
import { type ExitCode, exitCodes } from "../exit-codes.ts";
import type { Output } from "../output.ts";
import { type HeldJson, spaceJson } from "../result-lines.ts";
import { resumeEarlier, typedHandle, withClient } from "../session.ts";
import { countText, oneLine } from "../terminal-text.ts";
import { typedSpace } from "../typed-space.ts";

type Role = SpaceView["members"][number]["role"];
const roles: readonly string[] = ["owner", "admin", "member", "reader", "guest"];

/** Found a group. */
export async function createSpace(context: Context): Promise<void> {
  const name = spaceName(context.words[0] ?? "");
  const members = context.options.values("with").flatMap((list) => list.split(","));
  await withClient(context, async (client) => {
    const others = handlesOf(client, members).filter((handle) => handle !== client.handle);
    const space = await client.createSpace(name, others);
    showOne(await client.space(space), context.output);
    await resumeEarlier(client, context);
  });
}

export async function listSpaces(context: Context): Promise<void> {
  await withClient(context, async (client) => {
    const spaces = await client.spaces();
    for (const view of spaces) showOne(view, context.output);
    if (spaces.length === 0) context.output.say("no conversations yet");
    await resumeEarlier(client, context);
  });
}

export async function showSpace(context: Context): Promise<void> {
  await withClient(context, async (client) => {
    const view = await typedSpace(client, context.words[0] ?? "");
    showOne(view, context.output);
    if (!context.output.json)
      for (const { handle, role, devices } of view.members)
        context.output.raw(`  ${role.padEnd(6)}  ${handle}  ${countText(devices, "device")}\n`);
    await resumeEarlier(client, context);
  });
}

export async function addToSpace(context: Context): Promise<void> {
  const role = roleOf(context.options.value("role") ?? "member");
  await change(context, (client, view, members) => {
    for (const { handle, role: has } of view.members)
      if (members.includes(handle))
        context.output.say(`${handle} is in it already, as ${has}; bulla space role changes that`);
    return client.addMembers(view.space, members, role);
  });
}

export async function removeFromSpace(context: Context): Promise<void> {
  await change(context, (client, { space }, members) => {
    if (members.includes(client.handle))
      throw usage("nobody takes out the own account", "write bulla space leave SPACE");
    return client.removeMembers(space, members);
  });
}

export async function setRole(context: Context): Promise<void> {
  const role = roleOf(context.words[2] ?? "");
  await change(
    context,
    async (client, { space }, [member]) => {
      if (member !== undefined) await client.setRole(space, member, role);
    },
    2,
  );
}

export async function setPolicy(context: Context): Promise<void> {
  const history = context.options.value("history");
  if (history !== "all" && history !== "now")
    throw usage("--history was not given", "write --history all, or --history now");
  await change(context, (client, { space }) => client.setHistory(space, history));
}

export async function settleHeld(context: Context): Promise<ExitCode> {
  const choice = context.words[1];
  if (choice !== "say" && choice !== "drop") throw usage(`${choice} is not a choice`, "it is say, or drop");
  return withClient(context, async (client) => {
    const { space } = await typedSpace(client, context.words[0] ?? "");
    const { count, state } = await client.settleHeld(space, choice);
    const what = countText(count, "message");
    context.output.result(`${choice === "drop" ? "dropped" : state}: ${what}`, {
      space,
      count,
      state,
    } satisfies HeldJson);
    return state === "sent" ? exitCodes.done : exitCodes.unreachable;
  });
}

export async function renameSpace(context: Context): Promise<ExitCode> {
  const name = spaceName(context.words[1] ?? "");
  return withClient(context, async (client) => {
    const { space } = await typedSpace(client, context.words[0] ?? "");
    const state = await client.renameSpace(space, name);
    // What this device said counts once it is read back.
    await client.spaces();
    showOne(await client.space(space), context.output);
    if (state === "sent") return exitCodes.done;
    context.output.say("the service cannot be reached: the new name goes out with any later command");
    return exitCodes.unreachable;
  });
}

export async function leaveSpace(context: Context): Promise<ExitCode> {
  return withClient(context, async (client) => {
    const { space } = await typedSpace(client, context.words[0] ?? "");
    const left = await client.leaveSpace(space);
    if (left === "said") context.output.say("said goodbye; another member's device takes this account out");
    if (left === "queued")
      context.output.say("the service cannot be reached: the goodbye goes out with any later command");
    showOne(await client.space(space), context.output);
    if (left === "queued") return exitCodes.unreachable;
    await resumeEarlier(client, context);
    return exitCodes.done;
  });
}

async function change(
  context: Context,
  act: (client: Client, view: SpaceView, members: readonly Handle[]) => Promise<void>,
  words: number = context.words.length,
): Promise<void> {
  await withClient(context, async (client) => {
    const view = await typedSpace(client, context.words[0] ?? "");
    await act(client, view, handlesOf(client, context.words.slice(1, words)));
    showOne(await client.space(view.space), context.output);
    await resumeEarlier(client, context);
  });
}

function showOne(view: SpaceView, output: Output): void {
  const { space, name, members, state, role } = view;
  const standing = state === "active" ? (role ?? "") : state;
  output.result(
    `${space.slice(0, 8)}  ${standing.padEnd(7)}  ${countText(members.length, "member")}  ${oneLine(name ?? "(no name yet)")}`,
    spaceJson(view),
  );
}

function handlesOf(client: Client, texts: readonly string[]): readonly Handle[] {
  return [...new Set(texts.map((text) => typedHandle(text.trim(), client.handle)))];
}

function spaceName(text: string): string {
  const name = text.trim();
  if (!isSpaceName(name)) throw usage("that cannot be a name", "a name is one line of at most 200 bytes");
  return name;
}

function roleOf(text: string): Role {
  if (!roles.includes(text)) throw usage(`${text} is not a role`, `a role is one of: ${roles.join(", ")}`);
  return text as Role;
}
