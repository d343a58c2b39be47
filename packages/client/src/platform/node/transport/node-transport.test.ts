import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { checkDestination } from "./connect-policy.ts";
import { NodeTransport } from "./node-transport.ts";
import { isPublicAddress, isPublicHost } from "./public-address.ts";
import { selfSigned } from "./self-signed.fixture.ts";
import { get, listening, refusedWith, withHttp, withTransport } from "./transport.fixture.ts";

const transport = new NodeTransport();
afterAll(() => transport[Symbol.asyncDispose]());

describe("addresses", () => {
  test("an unencrypted connection is made to this machine only", async () => {
    for (const url of [
      "http://example.org/",
      "http://10.0.0.1:7400/",
      "http://localhost.example.org/",
      "http://[2001:db8::1]/",
      "http://128.0.0.1/",
      "http://[::ffff:8.8.8.8]/",
    ]) {
      await expect(transport.request(get(url))).rejects.toThrow(refusedWith("transport/insecure"));
      await expect(transport.connect(url.replace("http", "ws"))).rejects.toThrow(refusedWith("transport/insecure"));
    }
    const serve: RequestListener = (_request, response) => response.end("here");
    await withHttp(serve, async (url) => {
      for (const host of ["localhost", "127.0.0.1", "127.1.2.3"]) {
        if (host === "127.1.2.3") expect(() => checkDestination("own", "http", `http://${host}/`)).not.toThrow();
        else expect((await transport.request(get(url.replace("127.0.0.1", host)))).status).toBe(200);
      }
    });
    expect(() => checkDestination("own", "ws", "ws://[::1]:7400/")).not.toThrow();
  });

  test("what is not the address of a service is refused", async () => {
    for (const url of [
      "",
      "example.org",
      "ftp://127.0.0.1/",
      "file:///etc/hosts",
      "ws://127.0.0.1/",
      "https://user:secret@example.org/",
    ]) {
      await expect(transport.request(get(url))).rejects.toThrow(refusedWith("transport/refused-address"));
    }
  });

  test("a stranger's service is reached by https at public addresses only, whatever its name leads to", async () => {
    await withTransport({ connectPolicy: "stranger" }, async (careful) => {
      await expect(careful.request(get("http://127.0.0.1:1/"))).rejects.toThrow(refusedWith("transport/insecure"));
      for (const host of [
        "127.0.0.1",
        "10.1.1.1",
        "[::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "2130706433",
        "0x7f.1",
      ]) {
        await expect(careful.request(get(`https://${host}/`))).rejects.toThrow(
          refusedWith("transport/refused-address"),
        );
        await expect(careful.connect(`wss://${host}/`)).rejects.toThrow(refusedWith("transport/refused-address"));
      }
      // By name, so that the lookup is what refuses.
      let connections = 0;
      const server = createTcpServer(() => connections++);
      await listening(server, async (port) => {
        await expect(careful.request(get(`https://localhost:${port}/`))).rejects.toThrow(
          refusedWith("transport/refused-address"),
        );
        await expect(careful.connect(`wss://localhost:${port}/`)).rejects.toThrow(
          refusedWith("transport/refused-address"),
        );
        expect(connections).toBe(0);
        // Control: a service of one's own may be there, and is connected to (it answers no TLS).
        await withTransport({ connectMilliseconds: 100 }, (own) =>
          expect(own.request(get(`https://localhost:${port}/`))).rejects.toThrow(refusedWith("transport/unreachable")),
        );
        expect(connections).toBeGreaterThan(0);
      });
    });
    expect(await isPublicHost("localhost")).toBe(false);
    expect(await isPublicHost("does-not-exist.invalid")).toBe(false);
    expect(await isPublicHost("93.184.215.14")).toBe(true);
  });

  test("addresses are public by the registry, not by their look", () => {
    for (const address of [
      "8.8.8.8",
      "1.1.1.1",
      "172.15.0.1",
      "172.32.0.1",
      "100.63.0.1",
      "2606:4700::1111",
      "2a00:1450::1",
    ])
      expect(isPublicAddress(address)).toBe(true);
    for (const address of [
      "0.0.0.0",
      "100.64.0.1",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "fe80::1",
      "fc00::1",
      "ff02::1",
      "2002:7f00:1::",
      "2001:0:1::",
      "::ffff:8.8.8.8",
      "example.org",
      "",
    ]) {
      expect(isPublicAddress(address)).toBe(false);
    }
    fc.assert(fc.property(fc.ipV4(), (address) => isPublicAddress(`::ffff:${address}`) === false));
    fc.assert(
      fc.property(
        fc.nat(255),
        fc.nat(255),
        fc.nat(255),
        (a, b, c) => !isPublicAddress(`10.${a}.${b}.${c}`) && !isPublicAddress(`127.${a}.${b}.${c}`),
      ),
    );
  });

  test("a certificate that nobody vouches for is refused", async () => {
    const server = createHttpsServer(selfSigned, (_request, response) => response.end("trust me"));
    await listening(server, async (port) => {
      await expect(transport.request(get(`https://localhost:${port}/`))).rejects.toThrow(
        refusedWith("transport/insecure"),
      );
      await expect(transport.connect(`wss://localhost:${port}/`)).rejects.toThrow(refusedWith("transport/insecure"));
    });
  });
});

describe("exchanges", () => {
  test("method, headers and body arrive, and the answer comes back as it was", async () => {
    const bodies = fc.uint8Array({ maxLength: 100_000 });
    const serve: RequestListener = (request, response) => {
      response.writeHead(207, {
        "X-Echo": `${request.method} ${String(request.headers["x-mine"])} ${request.headers["content-length"]}`,
      });
      request.pipe(response);
    };
    await withHttp(serve, (url) =>
      fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const answer = await transport.request({
            method: "PUT",
            url: `${url}/a?b=c`,
            headers: { "x-mine": "yes" },
            body,
            maxAnswerBytes: 100_000,
          });
          expect(answer.status).toBe(207);
          expect(answer.headers["x-echo"]).toBe(`PUT yes ${body.length}`);
          expect(answer.body).toEqual(body);
        }),
        { numRuns: 30 },
      ),
    );
  });

  test("an answer above the limit is refused while it is read, and one at the limit is taken", async () => {
    for (const announce of [true, false]) {
      const serve: RequestListener = (_request, response) => {
        response.writeHead(200, announce ? { "content-length": 1001 } : {});
        response.end(new Uint8Array(1001));
      };
      await withHttp(serve, async (url) => {
        await expect(transport.request(get(url, 1000))).rejects.toThrow(refusedWith("transport/bad-answer"));
        expect((await transport.request(get(url, 1001))).body).toHaveLength(1001);
      });
    }
    // One that never ends.
    let written = 0;
    const endless: RequestListener = (_request, response) => {
      const write = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65536))) written += 65536;
        if (!response.destroyed) response.once("drain", write);
      };
      write();
    };
    await withHttp(endless, (url) =>
      expect(transport.request(get(url, 100_000))).rejects.toThrow(refusedWith("transport/bad-answer")),
    );
    expect(written).toBeLessThan(20_000_000);
  });

  test("an answer comes into the memory that was given for it, whatever else goes over the same connection", async () => {
    const bodies = [1, 2, 3].map((n) => Buffer.alloc(700_000, n));
    const serve: RequestListener = (request, response) => response.end(bodies[Number(request.url?.slice(1))]);
    await withHttp(serve, async (url) => {
      await withTransport({}, async (own) => {
        const room = new Uint8Array(new SharedArrayBuffer(800_000));
        for (const n of [0, 1, 2, 0]) {
          const { body } = await own.request({ ...get(`${url}/${n}`, 800_000), into: room });
          expect(body.buffer).toBe(room.buffer);
          expect(Buffer.from(body).equals(bodies[n] ?? expect.unreachable())).toBe(true);
        }
        const small = { ...get(`${url}/1`, 800_000), into: new Uint8Array(10) };
        expect(Buffer.from((await own.request(small)).body).equals(bodies[1] ?? expect.unreachable())).toBe(true);
      });
    });
  });

  test("nothing is written to the memory of a request that was given up", async () => {
    const serve: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(1000, 7)), 1);
      response.on("close", () => clearInterval(timer));
    };
    await withHttp(serve, async (url) => {
      const room = new Uint8Array(1_000_000);
      const stop = new AbortController();
      const asked = transport.request({ ...get(url, 1_000_000, stop.signal), into: room });
      while (room[0] !== 7) await new Promise((resolve) => setTimeout(resolve, 1));
      stop.abort(new Error("enough"));
      await expect(asked).rejects.toThrow("enough");
      room.fill(0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(room.some((byte) => byte !== 0)).toBe(false);
    });
  });

  test("a redirect is an answer and is not followed", async () => {
    const asked: string[] = [];
    const serve: RequestListener = (request, response) => {
      asked.push(request.url ?? "");
      response.writeHead(302, { location: "/elsewhere" }).end();
    };
    await withHttp(serve, async (url) => expect((await transport.request(get(`${url}/here`))).status).toBe(302));
    expect(asked).toEqual(["/here"]);
  });

  test("connections are kept and used again", async () => {
    const ports = new Set<number | undefined>();
    const serve: RequestListener = (request, response) => {
      ports.add(request.socket.remotePort);
      response.end();
    };
    await withHttp(serve, async (url) => {
      for (let i = 0; i < 5; i++) await transport.request(get(url));
    });
    expect(ports.size).toBe(1);
  });

  test("a service that is away, silent, dripping or gone in the middle is unreachable", async () => {
    await expect(transport.request(get("http://127.0.0.1:1/"))).rejects.toThrow(refusedWith("transport/unreachable"));
    const silent: RequestListener = () => undefined;
    await withTransport({ idleMilliseconds: 50 }, (short) =>
      withHttp(silent, (url) => expect(short.request(get(url))).rejects.toThrow(refusedWith("transport/unreachable"))),
    );
    const dripping: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write("."), 10);
      response.on("close", () => clearInterval(timer));
    };
    await withTransport({ idleMilliseconds: 50, exchangeMilliseconds: 150 }, (short) =>
      withHttp(dripping, (url) =>
        expect(short.request(get(url))).rejects.toThrow(refusedWith("transport/unreachable")),
      ),
    );
    const halfway: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half");
      setTimeout(() => response.destroy(), 10);
    };
    await withHttp(halfway, (url) =>
      expect(transport.request(get(url))).rejects.toThrow(refusedWith("transport/unreachable")),
    );
    await withTransport({ connectMilliseconds: 50 }, (short) =>
      // Takes the connection and never answers the TLS greeting.
      listening(createTcpServer(), (port) =>
        expect(short.request(get(`https://127.0.0.1:${port}/`))).rejects.toThrow(refusedWith("transport/unreachable")),
      ),
    );
  });

  test("a signal ends an exchange with its reason, before it starts and during the answer", async () => {
    const reason = new Error("person gave up");
    await expect(transport.request(get("http://127.0.0.1:1/", 1, AbortSignal.abort(reason)))).rejects.toBe(reason);
    const controller = new AbortController();
    const serve: RequestListener = (_request, response) => {
      response.write("half");
      controller.abort(reason);
    };
    await withHttp(serve, (url) => expect(transport.request(get(url, 1000, controller.signal))).rejects.toBe(reason));
  });

  test("after a restart of the service no kept connection stands in the way, however many there are", async () => {
    const seen = new WeakSet<Socket>();
    // Answers once on each connection, then is gone, as a service that was killed is to all of them.
    const once: RequestListener = (request, response) => {
      if (seen.has(request.socket)) return void request.socket.destroy();
      seen.add(request.socket);
      setTimeout(() => response.end("here"), 20);
    };
    await withHttp(once, (url) =>
      withTransport({}, async (kept) => {
        await Promise.all([get(url), get(url), get(url)].map((request) => kept.request(request)));
        for (let i = 0; i < 3; i++) expect((await kept.request(get(url))).status).toBe(200);
      }),
    );
  });

  test("a connection that the service closed while it was idle costs no failure", async () => {
    const server = createHttpServer({ keepAliveTimeout: 60_000 }, (_request, response) => response.end("ok"));
    let last: Socket | undefined;
    server.on("connection", (socket) => {
      last = socket;
    });
    await listening(server, async (port) => {
      await transport.request(get(`http://127.0.0.1:${port}/`));
      // Half the race: the reset is on its way when the next request is written.
      last?.resetAndDestroy();
      expect((await transport.request(get(`http://127.0.0.1:${port}/`))).status).toBe(200);
    });
  });
});
