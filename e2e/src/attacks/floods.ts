import { once } from "node:events";
import { createServer, request as httpRequest, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { routes } from "@bulla/wire/api";
import type { Inside } from "./inside.ts";
import { codeOf, type Family, type Row } from "./row.ts";
import { Stage } from "./stage.ts";
import { product } from "./variant.ts";

const mebibyte = 1024 * 1024;

/** More than the other side asked for: too much, for too long, without an end. */
export const floods: Family = { name: "floods", rows };

async function rows(): Promise<readonly Row[]> {
  const inside = await product();

  return [
    {
      id: "flood-body",
      attack: "a request brings megabytes where its route takes a kilobyte, once announced and once not",
      seenAt: "any web server without limits per route",
      run: async () => {
        const attack = async (by: Inside): Promise<readonly string[]> => {
          await using stage = await Stage.open(by);
          const url = stage.proxy.target + routes.nonces;
          return [await postZeros(url, 16, true), await postZeros(url, 16, false)];
        };
        const got = await attack(inside);
        const twin = await attack(await product("anyBodyLength"));
        return {
          refused: got.every((answer) => answer === "413" || answer === "cut off"),
          control: twin.every((answer) => answer === "200"),
          why: `${got.join()} / ${twin.join()}`,
        };
      },
    },
    {
      id: "flood-slow",
      attack: "one address opens connection after connection and never ends a request, until nobody else gets in",
      seenAt: "Slowloris",
      run: async () => {
        const attack = async (by: Inside): Promise<string> => {
          await using stage = await Stage.open(by, {
            limits: { maxConnections: 60, maxConnectionsPerAddress: 20, loopbackFactor: 1 },
          });
          const port = Number(new URL(stage.proxy.target).port);
          const crowd = await Promise.all(Array.from({ length: 80 }, () => linger(port)));
          try {
            return await lookFrom("127.0.0.2", port);
          } finally {
            for (const socket of crowd) socket.destroy();
          }
        };
        const got = await attack(inside);
        const twin = await attack(await product("anyNumberOfConnections"));
        return { refused: got === "200", control: twin === "cut off", why: `${got} / ${twin}` };
      },
    },
    {
      id: "flood-answer",
      attack: "the service answers a small question without an end, to fill the client's memory",
      seenAt: "any client that reads an answer whole",
      run: async () => {
        const got = await askFlood(inside);
        const twin = await askFlood(await product("anyAnswerLength"));
        return {
          refused: got.end === "transport/bad-answer" && got.taken < 32 * mebibyte,
          control: twin.end === "read" && twin.taken === 64 * mebibyte,
          why: `${JSON.stringify(got)} / ${JSON.stringify(twin)}`,
        };
      },
    },
  ];
}

/** The status of the answer, or that there was none. */
function postZeros(url: string, mebibytes: number, isAnnounced: boolean): Promise<string> {
  return new Promise((resolve) => {
    const headers = isAnnounced ? { "content-length": String(mebibytes * mebibyte) } : {};
    const posting = httpRequest(url, { method: "POST", headers: { ...headers, "content-type": "application/json" } });
    posting.on("response", (answer) => {
      answer.resume();
      resolve(String(answer.statusCode));
    });
    posting.on("error", () => resolve("cut off"));
    // Spaces around one value: JSON of any length.
    const piece = Buffer.alloc(mebibyte, " ");
    for (let i = 1; i < mebibytes; i++) posting.write(piece);
    posting.end(`{}${" ".repeat(mebibyte - 2)}`);
  });
}

/** A connection on which a request begins and does not go on; destroyed or not, it is done with once this resolves. */
function linger(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(socket));
    socket.once("connect", () => {
      socket.write("POST /v1/nonces HTTP/1.1\r\nhost: ");
      // One that is over its limit is closed at once.
      setTimeout(() => resolve(socket), 300);
    });
  });
}

/** What an honest stranger at another address is answered. */
function lookFrom(localAddress: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const asking = httpRequest({ host: "127.0.0.1", port, localAddress, path: "/v1/openapi.json", agent: false });
    asking.on("response", (answer) => {
      answer.resume();
      resolve(String(answer.statusCode));
    });
    asking.on("error", () => resolve("cut off"));
    asking.setTimeout(5000, () => asking.destroy());
    asking.end();
  });
}

/** Ask, by the client's own transport, somebody who sends 64 MiB to whoever asks for a kilobyte. */
async function askFlood({ node }: Inside): Promise<{ readonly end: string; readonly taken: number }> {
  let taken = 0;
  const pour = async (response: ServerResponse): Promise<void> => {
    const piece = Buffer.alloc(mebibyte);
    const gone = once(response, "close");
    while (taken < 64 * mebibyte && !response.destroyed) {
      taken += piece.length;
      if (response.write(piece)) continue;
      await Promise.race([once(response, "drain"), gone]);
    }
    response.end();
  };
  const server = createServer((_request, response) => void pour(response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("there is no port");
  try {
    await using transport = new node.NodeTransport();
    const end = await transport
      .request({ method: "GET", url: `http://localhost:${address.port}/`, maxAnswerBytes: 1024 })
      .then(() => "read", codeOf);
    return { end, taken };
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
