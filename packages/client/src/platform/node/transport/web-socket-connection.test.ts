import type { RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { afterAll, describe, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { NodeTransport } from "./node-transport.ts";

import { systemClock } from "./system-clock.ts";
import { listening, refusedWith, withHttp, withTransport } from "./transport.fixture.ts";

const transport = new NodeTransport();
afterAll(() => transport[Symbol.asyncDispose]());

describe("WebSockets", () => {
  async function withSockets<T>(
    options: ConstructorParameters<typeof WebSocketServer>[0],
    run: (server: WebSocketServer, url: string) => Promise<T>,
  ): Promise<T> {
    const server = new WebSocketServer({ ...options, port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    try {
      return await run(server, `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    } finally {
      for (const client of server.clients) client.terminate();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test("frames come in order, also those that come before anyone listens", async () => {
    await withSockets({}, async (server, url) => {
      server.on("connection", (socket) => {
        for (let i = 0; i < 5; i++) socket.send(Uint8Array.of(i));
        socket.on("message", (data) => socket.send(data));
      });
      const connection = await transport.connect(url);
      await new Promise((resolve) => setTimeout(resolve, 20));
      const seen: number[] = [];
      const all = new Promise<void>((resolve) =>
        connection.onFrame((frame) => seen.push(frame[0] ?? -1) === 6 && resolve()),
      );
      connection.send(Uint8Array.of(5));
      await all;
      expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
      connection.close();
      await connection.closed;
    });
  });

  test("a text frame, a frame above the limit or a compressed one ends the connection", async () => {
    for (const frame of ["text", Buffer.alloc(6 * 1024 * 1024)]) {
      await withSockets({ perMessageDeflate: true }, async (server, url) => {
        server.on("connection", (socket) => socket.send(frame));
        const connection = await transport.connect(url);
        let frames = 0;
        connection.onFrame(() => frames++);
        await connection.closed;
        expect(frames).toBe(0);
      });
    }
  });

  test("a service that takes no connections, refuses them or stays silent is told apart", async () => {
    await expect(transport.connect("ws://127.0.0.1:1/")).rejects.toThrow(refusedWith("transport/unreachable"));
    for (const [status, code] of [
      [503, "transport/unreachable"],
      [429, "transport/unreachable"],
      [404, "transport/bad-answer"],
      [302, "transport/bad-answer"],
      [200, "transport/bad-answer"],
    ] as const) {
      const serve: RequestListener = (_request, response) => response.writeHead(status, { location: "/" }).end();
      await withHttp(serve, (url) =>
        expect(transport.connect(url.replace("http", "ws"))).rejects.toThrow(refusedWith(code)),
      );
    }
    await withTransport({ connectMilliseconds: 50 }, (short) =>
      listening(createTcpServer(), (port) =>
        expect(short.connect(`ws://127.0.0.1:${port}/`)).rejects.toThrow(refusedWith("transport/unreachable")),
      ),
    );
  });

  test("a connection that has gone quiet without a word counts as lost", async () => {
    await withTransport({ heartbeatMilliseconds: 30 }, async (short) => {
      await withSockets({ autoPong: false }, async (_server, url) => {
        const connection = await short.connect(url);
        await connection.closed;
      });
      // Control: one that answers pings lives on.
      await withSockets({}, async (_server, url) => {
        const connection = await short.connect(url);
        const outcome = await Promise.race([
          connection.closed.then(() => "lost"),
          systemClock.sleep(150).then(() => "alive"),
        ]);
        expect(outcome).toBe("alive");
        connection.close();
        await connection.closed;
      });
    });
  });

  test("closing does not wait for a service that ignores it", async () => {
    await withSockets({}, async (server, url) => {
      server.on("connection", (socket) => socket.pause());
      const connection = await transport.connect(url);
      connection.close();
      await connection.closed;
    });
  });

  test("a signal ends the opening with its reason", async () => {
    const reason = new Error("person gave up");
    await listening(createTcpServer(), async (port) => {
      const controller = new AbortController();
      const opening = transport.connect(`ws://127.0.0.1:${port}/`, controller.signal);
      setTimeout(() => controller.abort(reason), 20);
      await expect(opening).rejects.toBe(reason);
      await expect(transport.connect(`ws://127.0.0.1:${port}/`, AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
});
