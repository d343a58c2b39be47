import type { Service } from "@bulla/service";
import type { Handle } from "@bulla/wire";
import type { LineView } from "../client.ts";
import { type DeviceOptions, openDevice, primitives, type TestDevice } from "../engine/device.fixture.ts";
import type { Clock } from "../ports.ts";
import { Conversations } from "./conversations.ts";

/** Somebody at a real service, with a store in memory, who talks. */
export interface Talker extends TestDevice {
  readonly talk: Conversations;
  /** Read everything that is new. */
  sync(): Promise<void>;
  /** The conversation in a few words per line. */
  lines(space: string): Promise<readonly string[]>;
}

export const wallClock: Clock = { now: () => Date.now(), sleep: async () => undefined };

export async function openTalker(service: Service, name: string, options: DeviceOptions = {}): Promise<Talker> {
  const device = await openDevice(service.url, name, options);
  const clock = options.clock ?? wallClock;
  const talk = new Conversations({ engine: device.engine, store: device.store, clock, random: primitives.random });
  device.engine.register(talk.handler);
  return {
    ...device,
    talk,
    async sync() {
      await device.engine.readInbox({ watching: false });
      await device.engine.syncAll();
    },
    lines: async (space) => (await talk.read(space)).map(short),
  };
}

export const nameOf = (handle: Handle): string => handle.split("@")[0]?.replace(/-\d+$/, "") ?? "";

function short(line: LineView): string {
  const { from, type, state } = line;
  const who = "who" in line ? ` ${nameOf(line.who)}` : "";
  const role = type === "role" ? ` ${line.role}` : "";
  const text = "text" in line ? ` ${line.text ?? ""}` : "";
  return `${nameOf(from)} ${type}${who}${role}${text}${state === "sent" ? "" : ` (${state})`}`;
}

let people = 0;

/** Fresh accounts, because every test founds its own spaces. */
export async function cast<const N extends readonly string[]>(
  service: Service,
  ...names: N
): Promise<AsyncDisposable & Record<N[number], Talker>> {
  const opened: Record<string, Talker> = {};
  for (const name of names) opened[name] = await openTalker(service, `${name}-${people++}`);
  return Object.assign(opened, {
    [Symbol.asyncDispose]: async () => {
      for (const talker of Object.values(opened)) await talker[Symbol.asyncDispose]();
    },
  }) as AsyncDisposable & Record<N[number], Talker>;
}
