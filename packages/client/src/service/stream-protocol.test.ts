import { type AnswerFrame, decodeRequest, encodeAnswer, type Operation, type RequestFrame } from "@bulla/wire/api";
import { afterAll, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { NodeTransport } from "../platform/node/index.ts";
import { connectionTo, createTestStream, numberOf, primitives, testRecord } from "./service.fixture.ts";
import type { ConnectionState, StreamConnection } from "./stream-connection.ts";
import type { RecordBatch } from "./stream-follower.ts";

const transport = new NodeTransport();
afterAll(() => transport[Symbol.asyncDispose]());

const refusedWith = (code: string): unknown => expect.objectContaining({ code });
const numbersIn = ({ records }: RecordBatch): number[] =>
  records.map((record) => (record.kind === "record" ? numberOf(record.body) : -1));
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("against a service that lies", () => {
  const hello: AnswerFrame = { kind: "hello", nonce: new Uint8Array(32), day: 20_000 };
  type Answering = (request: RequestFrame, send: (frame: AnswerFrame) => void) => void;

  async function withLiar(
    answer: Answering,
    run: (connection: StreamConnection, sid: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    server.on("connection", (socket: WebSocket) => {
      const send = (frame: AnswerFrame): void => socket.send(encodeAnswer(frame));
      send(hello);
      socket.on("message", (data) => {
        if (!(data instanceof Buffer)) return;
        const request = decodeRequest(data);
        if (request.operation.kind === "attach") send({ kind: "result", id: request.id, result: { kind: "done" } });
        else answer(request, send);
      });
    });
    const address = server.address();
    try {
      await using connection = connectionTo(
        transport,
        `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
      );
      const { address: stream, prove } = createTestStream();
      await run(connection, await connection.attach(stream, prove));
    } finally {
      for (const client of server.clients) client.terminate();
      server.close();
    }
  }

  const record = (n: number) => ({
    kind: "record" as const,
    recordId: primitives.random(16),
    body: testRecord(new Uint8Array(32), n).body,
  });
  const sidOf = (operation: Operation): Uint8Array => ("sid" in operation ? operation.sid : new Uint8Array(32));
  const push = (request: RequestFrame, from: number, count: number): AnswerFrame => ({
    kind: "pushed",
    sid: sidOf(request.operation),
    from,
    records: upTo(count).map(record),
    closed: false,
  });
  const done = ({ id }: RequestFrame): AnswerFrame => ({ kind: "result", id, result: { kind: "done" } });

  test.each<[string, Answering]>([
    [
      "of a request that was not made",
      (request, send) => send({ kind: "result", id: request.id + 1000, result: { kind: "done" } }),
    ],
    ["of another kind", (request, send) => send(done(request))],
    [
      "from another position",
      (request, send) =>
        send({
          kind: "result",
          id: request.id,
          result: { kind: "records", from: 6, records: [record(0)], closed: false, more: false },
        }),
    ],
    [
      "with more records than asked",
      (request, send) =>
        send({
          kind: "result",
          id: request.id,
          result: { kind: "records", from: 5, records: [record(0), record(1), record(2)], closed: false, more: false },
        }),
    ],
    [
      "that promises more and brings none",
      (request, send) =>
        send({
          kind: "result",
          id: request.id,
          result: { kind: "records", from: 5, records: [], closed: false, more: true },
        }),
    ],
    ["that greets again", (_request, send) => send(hello)],
    ["of a stream that is not followed", (request, send) => send(push(request, 0, 1))],
  ])("an answer %s fails visibly", async (_what, answer) => {
    await withLiar(answer, async (connection, sid) => {
      await expect(connection.read(sid, 5, 2)).rejects.toThrow(refusedWith("transport/bad-answer"));
    });
  });

  test("control: the answer that was asked for is taken", async () => {
    await withLiar(
      (request, send) =>
        send({
          kind: "result",
          id: request.id,
          result: { kind: "records", from: 5, records: [record(0), record(1)], closed: false, more: false },
        }),
      async (connection, sid) => expect(numbersIn(await connection.read(sid, 5, 2))).toEqual([0, 1]),
    );
  });

  test.each<[string, readonly (readonly [number, number])[]]>([
    [
      "leaves out",
      [
        [0, 3],
        [4, 1],
      ],
    ],
    [
      "repeats",
      [
        [0, 3],
        [2, 2],
      ],
    ],
    ["starts before", [[-1, 1]]],
  ])("a push that %s records ends the following visibly", async (_what, pushes) => {
    const from = 10;
    await withLiar(
      (request, send) => {
        send(done(request));
        for (const [start, count] of pushes) send(push(request, from + start, count));
      },
      async (connection, sid) => {
        const end = await connection.follow(sid, from, () => undefined).ended;
        expect(end).toMatchObject({ kind: "failed", error: { code: "transport/bad-answer" } });
      },
    );
  });

  test("a refusal keeps its code if a service may say it, and is a bad answer otherwise", async () => {
    for (const [said, meant] of [
      ["service/quota", "service/quota"],
      ["identity/pin-mismatch", "transport/bad-answer"],
      ["made/up", "transport/bad-answer"],
    ]) {
      await withLiar(
        ({ id }, send) =>
          send({ kind: "result", id, result: { kind: "failed", code: said ?? "", message: "\u001b[2Jno" } }),
        async (connection, sid) => {
          await expect(connection.read(sid, 0, 1)).rejects.toThrow(refusedWith(meant ?? ""));
          expect(await connection.follow(sid, 0, () => undefined).ended).toMatchObject({
            kind: "failed",
            error: { code: meant },
          });
        },
      );
    }
  });

  test("a service that never greets counts as unreachable, and one that talks nonsense as broken", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    try {
      const states: ConnectionState[] = [];
      await using silent = connectionTo(transport, url, {
        helloMilliseconds: 30,
        onState: (state) => states.push(state),
      });
      await expect(silent.attach(createTestStream().address, undefined, { timeoutMilliseconds: 200 })).rejects.toThrow(
        refusedWith("transport/unreachable"),
      );
      expect(states).toEqual(["connecting", "offline"]);
      server.on("connection", (socket) => socket.send(Buffer.from("hello")));
      await using broken = connectionTo(transport, url);
      await expect(broken.attach(createTestStream().address)).rejects.toThrow(refusedWith("transport/bad-answer"));
    } finally {
      for (const client of server.clients) client.terminate();
      server.close();
    }
  });
});
