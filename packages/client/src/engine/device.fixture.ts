import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Event, isUnknown } from "@bulla/content";
import { createService, type Service } from "@bulla/service";
import { MemoryStore } from "@bulla/testkit";
import { type Handle, parseHandle } from "@bulla/wire";
import { createNodePrimitives } from "../platform/node/crypto/primitives.ts";
import { NodeTransport } from "../platform/node/transport/node-transport.ts";
import { systemClock } from "../platform/node/transport/system-clock.ts";
import type { Clock, Store } from "../ports.ts";
import { openAccount } from "./account.ts";
import { Engine } from "./engine.ts";
import { registerAccount } from "./register-account.ts";
import { Services } from "./services.ts";

export const primitives = createNodePrimitives();

export interface Heard {
  readonly from: Handle;
  readonly event: Event;
  readonly own: boolean;
}

export interface TestDevice extends AsyncDisposable {
  readonly handle: Handle;
  readonly engine: Engine;
  readonly store: Store;
  readonly heard: readonly Heard[];
  readonly acknowledged: readonly string[];
  readonly takenBack: readonly string[];
  /** Queue a note in the direct space with somebody. */
  say(to: Handle, text: string): Promise<string>;
  notes(): readonly string[];
}

export interface DeviceOptions {
  readonly store?: Store;
  readonly clock?: Clock;
  readonly hosts?: ReadonlyMap<string, string>;
}

export async function startService(): Promise<Service> {
  return createService({ dataFolder: mkdtempSync(join(tmpdir(), "bulla-engine-")), port: 0 });
}

/** A device with a store in memory and everything else real. The same store again is the same device after a restart. */
export async function openDevice(
  url: string,
  name: string,
  { store = new MemoryStore(), clock = systemClock, hosts = new Map() }: DeviceOptions = {},
): Promise<TestDevice> {
  const handle = parseHandle(name, new URL(url).host.replace("127.0.0.1", "localhost"));
  const transport = new NodeTransport();
  await registerAccount({ handle, store, primitives, clock, transport, url });
  const account = await openAccount(handle, store, primitives, clock);
  const services = new Services({ account, transport, ownUrl: url, hosts });
  const engine = new Engine(account, services);
  const heard: Heard[] = [];
  const acknowledged: string[] = [];
  const takenBack: string[] = [];
  engine.register({
    onEvent: async (_transaction, { author, event, own }) => {
      if (!isUnknown(event)) heard.push({ from: author.handle, event, own });
    },
    onAcknowledged: async (_transaction, tag) => void acknowledged.push(tag),
    onTakenBack: async (_transaction, tag) => void takenBack.push(tag),
  });
  const closeAll = async (): Promise<void> => {
    await services[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
  };
  try {
    await engine.foundSelfSpace();
    await engine.tendAccount();
    await engine.flush();
  } catch (error) {
    await closeAll();
    throw error;
  }
  return {
    handle,
    engine,
    store,
    heard,
    acknowledged,
    takenBack,
    async say(to, text) {
      const space = await engine.directSpace(to);
      await store.step((transaction) => engine.say(transaction, space, { kind: "note", text }, text));
      return space;
    },
    notes: () => heard.flatMap(({ event, own }) => (!own && event.body.kind === "note" ? [event.body.text] : [])),
    [Symbol.asyncDispose]: closeAll,
  };
}
