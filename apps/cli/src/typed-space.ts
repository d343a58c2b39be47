import type { Client, SpaceView } from "@bulla/client";
import { BullaError, type Handle, isBullaError } from "@bulla/wire";
import { usage } from "./command-line.ts";
import { typedHandle } from "./session.ts";

const shortestId = 4;

/** The conversation that was meant: by a group's name, a person's handle, or the first digits of an id. What is new is read first.
 *  @throws BullaError space/unknown; cli/usage when it could be several */
export async function typedSpace(client: Client, text: string): Promise<SpaceView> {
  const found = await meant(client, text);
  if (found !== undefined) return found;
  throw new BullaError("space/unknown", `there is no conversation called ${text}`, {
    hint: "bulla space list shows what there is",
  });
}

/** The same, and when no such conversation is known but it can be somebody's handle, that person.
 *  @throws BullaError wire/bad-handle; cli/usage when it could be several */
export async function typedSpaceOrPerson(client: Client, text: string): Promise<string> {
  return (await meant(client, text))?.space ?? client.directSpace(typedHandle(text, client.handle));
}

async function meant(client: Client, text: string): Promise<SpaceView | undefined> {
  const handle = asHandle(client, text);
  const wanted = text.toLowerCase();
  // A full handle is a person, whatever groups are called.
  const isPerson = handle !== undefined && text.includes("@");
  const isMeant = ({ space, kind, name }: SpaceView): boolean =>
    (kind === "direct" ? name === handle : !isPerson && name?.toLowerCase() === wanted) ||
    (wanted.length >= shortestId && space.startsWith(wanted));
  const all = (await client.spaces()).filter(isMeant);
  const live = all.filter(({ state }) => state !== "removed");
  const [first, ...others] = live.length > 0 ? live : all;
  if (others.length > 0 && first !== undefined)
    throw usage(
      `${text} may be one of ${all.length} conversations`,
      `name a person by the full handle, or one by its id: ${[first, ...others].map(({ space }) => space.slice(0, 8)).join(", ")}`,
    );
  return first;
}

function asHandle(client: Client, text: string): Handle | undefined {
  try {
    return typedHandle(text, client.handle);
  } catch (error) {
    if (isBullaError(error, "wire/bad-handle")) return undefined;
    throw error;
  }
}
