import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NodeTransport } from "../platform/node/index.ts";
import type { Transport } from "../ports.ts";
import {
  CuttingProxy,
  connectionTo,
  createTestAccount,
  createTestStream,
  numberOf,
  openTestStream,
  RunningService,
  type TestAccount,
  testRecord,
} from "./service.fixture.ts";
import type { ConnectionState } from "./stream-connection.ts";
import type { RecordBatch } from "./stream-follower.ts";
import type { AppendResult } from "./stream-results.ts";

let service: RunningService;
let alice: TestAccount;
const transport = new NodeTransport();

beforeAll(async () => {
  service = await RunningService.start();
  alice = await createTestAccount(transport, service, "alice");
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await transport[Symbol.asyncDispose]();
});

const refusedWith = (code: string): unknown => expect.objectContaining({ code });
const numbersIn = ({ records }: RecordBatch): number[] =>
  records.map((record) => (record.kind === "record" ? numberOf(record.body) : -1));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Collects what a stream brings, and waits for a count. */
class Collector {
  readonly numbers: number[] = [];
  readonly positions: number[] = [];
  #wake: () => void = () => undefined;
  readonly take = (batch: RecordBatch): void => {
    this.positions.push(...batch.records.map((_, i) => batch.from + i));
    this.numbers.push(...numbersIn(batch));
    this.#wake();
  };
  async reach(count: number): Promise<void> {
    while (this.numbers.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

describe("against the service", () => {
  test("records come back in order, once, with the kinds that an append can have", async () => {
    await using connection = connectionTo(transport, service.url);
    const { sid } = await openTestStream(connection, alice.client);
    const answers = await Promise.all(upTo(300).map((n) => connection.append(testRecord(sid, n))));
    expect(answers).toEqual(upTo(300).map((position) => ({ kind: "appended", position })));
    expect(await connection.append(testRecord(sid, 7))).toEqual({ kind: "duplicate", position: 7 });
    expect(await connection.append({ ...testRecord(sid, 7), body: new Uint8Array(1024).fill(9) })).toEqual({
      kind: "conflict",
    });
    const first = await connection.read(sid, 0, 256);
    expect([first.from, first.more, first.closed, numbersIn(first)]).toEqual([0, true, false, upTo(256)]);
    expect(await connection.append({ ...testRecord(sid, 300), close: true })).toEqual({
      kind: "appended",
      position: 300,
    });
    expect(await connection.append(testRecord(sid, 301))).toEqual({ kind: "closed", length: 301 });
    const last = await connection.read(sid, 256, 256);
    expect([last.more, last.closed, last.records.length]).toEqual([false, true, 45]);
  });

  test("following brings what is there and what comes, and ends with the close", async () => {
    await using connection = connectionTo(transport, service.url);
    const { sid, address } = await openTestStream(connection, alice.client);
    await using reader = connectionTo(transport, service.url);
    await reader.attach(address);
    await Promise.all(upTo(10).map((n) => connection.append(testRecord(sid, n))));
    const seen = new Collector();
    const following = reader.follow(sid, 0, seen.take);
    await seen.reach(10);
    await Promise.all([10, 11].map((n) => connection.append({ ...testRecord(sid, n), close: n === 11 })));
    expect(await following.ended).toEqual({ kind: "closed" });
    expect([seen.numbers, following.cursor]).toEqual([upTo(12), 12]);
    await expect(reader.append(testRecord(sid, 99))).rejects.toThrow(refusedWith("service/forbidden"));
  });

  test("a closed stream's write key opens the next one", async () => {
    await using connection = connectionTo(transport, service.url);
    const { sid } = await openTestStream(connection, alice.client);
    const next = createTestStream();
    const nextSid = await connection.attach(next.address, next.prove);
    await expect(connection.openStream(nextSid, { kind: "closed", sid })).rejects.toThrow(
      refusedWith("service/forbidden"),
    );
    await connection.append({ ...testRecord(sid, 0), close: true });
    await connection.openStream(nextSid, { kind: "closed", sid });
    expect(await connection.append(testRecord(nextSid, 0))).toEqual({ kind: "appended", position: 0 });
  });

  test("the service restarts mid-stream, and the follower sees every record once and in order", async () => {
    const states: ConnectionState[] = [];
    await using connection = connectionTo(transport, service.url);
    await using reader = connectionTo(transport, service.url, { onState: (state) => states.push(state) });
    const { sid, address } = await openTestStream(connection, alice.client);
    await reader.attach(address);
    const seen = new Collector();
    reader.follow(sid, 0, seen.take);
    const total = 900;
    // A few at a time, so that both restarts fall between appends.
    const answers: AppendResult[] = [];
    const writing = (async () => {
      for (let n = 0; n < total; n += 20)
        answers.push(...(await Promise.all(upTo(20).map((i) => connection.append(testRecord(sid, n + i))))));
    })();
    await seen.reach(100);
    await service.stop();
    await service.restart();
    await seen.reach(400);
    await service.stop();
    await service.restart();
    await writing;
    // However fast the rest went, these come after both restarts.
    await Promise.all(upTo(20).map((i) => connection.append(testRecord(sid, total + i))));
    await seen.reach(total + 20);
    expect(seen.numbers).toEqual(upTo(total + 20));
    expect(seen.positions).toEqual(upTo(total + 20));
    expect(answers.map((answer) => ("position" in answer ? answer.position : -1))).toEqual(upTo(total));
    expect(states).toContain("offline");
    expect(states.at(-1)).toBe("online");
  });

  test("appends whose answers are lost are sent again and stored once", async () => {
    await using proxy = await CuttingProxy.start(service.port);
    await using connection = connectionTo(transport, proxy.url);
    const { sid } = await openTestStream(connection, alice.client);
    // Upgrade answer and greeting come through; then the connection is cut in the middle of the answers.
    proxy.cuts = [400, 1000, 320];
    proxy.cutAll();
    const answers = await Promise.all(upTo(200).map((n) => connection.append(testRecord(sid, n))));
    expect(answers.map((answer) => ("position" in answer ? answer.position : -1))).toEqual(upTo(200));
    expect(answers.some(({ kind }) => kind === "duplicate")).toBe(true);
    expect(proxy.connections).toBe(5);
    const page = await connection.read(sid, 0, 256);
    expect(numbersIn(page)).toEqual(upTo(200));
  });

  test("a follower whose connection is cut again and again misses and repeats nothing", async () => {
    await using proxy = await CuttingProxy.start(service.port);
    proxy.cuts = [3000, 9000, 20_000, 500, 40_000];
    await using connection = connectionTo(transport, service.url);
    await using reader = connectionTo(transport, proxy.url);
    const { sid, address } = await openTestStream(connection, alice.client);
    await Promise.all(upTo(500).map((n) => connection.append(testRecord(sid, n))));
    await reader.attach(address);
    const seen = new Collector();
    reader.follow(sid, 0, async (batch) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.take(batch);
    });
    await seen.reach(500);
    expect(seen.numbers).toEqual(upTo(500));
    expect(proxy.connections).toBe(6);
  });

  test("a slow handler is called for one batch at a time and keeps the backlog bounded", async () => {
    await using connection = connectionTo(transport, service.url);
    const { sid, address } = await openTestStream(connection, alice.client);
    const big = (n: number) => ({
      ...testRecord(sid, n),
      body: Buffer.concat([testRecord(sid, n).body, new Uint8Array(15 * 1024)]),
    });
    const total = 2000;
    await Promise.all(upTo(total).map((n) => connection.append(big(n))));
    let receivedBytes = 0;
    const counting: Transport = {
      request: (request) => transport.request(request),
      async connect(url, signal) {
        const inner = await transport.connect(url, signal);
        return {
          ...inner,
          onFrame: (handler) =>
            inner.onFrame((frame) => {
              receivedBytes += frame.length;
              handler(frame);
            }),
        };
      },
    };
    await using reader = connectionTo(transport, service.url, { transport: counting });
    await reader.attach(address);
    let running = 0;
    const seen = new Collector();
    reader.follow(sid, 0, async (batch) => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, batch.from === 0 ? 1000 : 1));
      if (batch.from === 0) expect(receivedBytes).toBeLessThan(24 * 1024 * 1024);
      running--;
      seen.take(batch);
    });
    await seen.reach(total);
    expect(seen.positions).toEqual(upTo(total));
  });

  test("a handler that throws ends its following and nothing else", async () => {
    await using connection = connectionTo(transport, service.url);
    const { sid } = await openTestStream(connection, alice.client);
    const failure = new Error("not stored");
    const following = connection.follow(sid, 0, () => Promise.reject(failure));
    await connection.append(testRecord(sid, 0));
    expect(await following.ended).toEqual({ kind: "failed", error: failure });
    expect(following.cursor).toBe(0);
    const seen = new Collector();
    const again = connection.follow(sid, 0, seen.take);
    await connection.append(testRecord(sid, 1));
    await seen.reach(2);
    connection.unfollow(sid);
    expect(await again.ended).toEqual({ kind: "unfollowed" });
    await connection.append(testRecord(sid, 2));
    expect(seen.numbers).toEqual([0, 1]);
  });

  test("a wrong proof is refused, and a refused stream stays refused", async () => {
    await using connection = connectionTo(transport, service.url);
    const { address } = createTestStream();
    await expect(connection.attach(address, async () => new Uint8Array(64))).rejects.toThrow(
      expect.objectContaining({ name: "BullaError" }),
    );
    const own = new Error("device is locked");
    await expect(connection.attach(createTestStream().address, () => Promise.reject(own))).rejects.toBe(own);
    expect(await connection.attach(address)).toHaveLength(32);
  });
});

describe("without a service", () => {
  test("requests wait for it, say so, and give up at their deadline or signal", async () => {
    await service.stop();
    const states: ConnectionState[] = [];
    try {
      await using connection = connectionTo(transport, service.url, { onState: (state) => states.push(state) });
      const { address, prove } = createTestStream();
      await expect(connection.attach(address, prove, { timeoutMilliseconds: 60 })).rejects.toThrow(
        refusedWith("transport/unreachable"),
      );
      expect(states).toEqual(["connecting", "offline"]);
      const reason = new Error("person gave up");
      await expect(connection.attach(address, prove, { signal: AbortSignal.timeout(1) })).rejects.toThrow(
        expect.objectContaining({ name: "TimeoutError" }),
      );
      await expect(connection.attach(address, prove, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      await service.restart();
      expect(await connection.attach(address, prove)).toHaveLength(32);
      expect(connection.state).toBe("online");
    } finally {
      await service.restart().catch(() => undefined);
    }
  });

  test("an unencrypted address elsewhere fails at once instead of waiting", async () => {
    await using connection = connectionTo(transport, "http://198.51.100.1:7400");
    await expect(connection.attach(createTestStream().address)).rejects.toThrow(refusedWith("transport/insecure"));
    expect(connection.state).toBe("idle");
  });

  test("disposing rejects what is open and is quick, also while it is offline", async () => {
    const connection = connectionTo(transport, "http://127.0.0.1:1");
    const open = connection.attach(createTestStream().address);
    const outcome = open.catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await connection[Symbol.asyncDispose]();
    expect(await outcome).toEqual(refusedWith("transport/unreachable"));
    await expect(connection.attach(createTestStream().address)).rejects.toThrow(refusedWith("internal/bug"));
  });
});
