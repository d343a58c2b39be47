import type { Client } from "@bulla/client";
import type { Handle } from "@bulla/wire";
import type { Context } from "../context.ts";
import { contactJson } from "../result-lines.ts";
import { resumeEarlier, typedHandle, withClient } from "../session.ts";
import { groupedHex } from "../terminal-text.ts";

/** List the people this device knows. */
export async function contacts(context: Context): Promise<void> {
  await withClient(context, async (client) => {
    const known = await client.contacts();
    for (const contact of known) {
      const line = `${contact.state.padEnd(8)}  ${contact.handle}  ${groupedHex(contact.createFingerprint)}`;
      context.output.result(line, contactJson(contact));
    }
    if (known.length === 0) context.output.say("nobody yet");
    await resumeEarlier(client, context);
  });
}

export function acceptContact(context: Context): Promise<void> {
  return change(
    context,
    (client, handle) => client.acceptContact(handle),
    "accepted; bulla receive takes in what they sent",
  );
}

export function blockContact(context: Context): Promise<void> {
  return change(context, (client, handle) => client.blockContact(handle), "blocked");
}

export function unblockContact(context: Context): Promise<void> {
  return change(context, (client, handle) => client.unblockContact(handle), "no longer blocked");
}

async function change(
  context: Context,
  act: (client: Client, handle: Handle) => Promise<void>,
  done: string,
): Promise<void> {
  await withClient(context, async (client) => {
    const handle = typedHandle(context.words[0] ?? "", client.handle);
    await act(client, handle);
    const now = (await client.contacts()).find((contact) => contact.handle === handle);
    if (now !== undefined && context.output.json) context.output.result("", contactJson(now));
    context.output.say(`${handle} is ${done}`);
    await resumeEarlier(client, context);
  });
}
