import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";

export interface PageServer extends AsyncDisposable {
  readonly url: string;
}

export interface PageContent {
  /** By path without the leading slash. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The module that the page loads. */
  readonly entry: string;
  /** A folder whose JSON files are served under `/vectors/`. */
  readonly vectors?: string | undefined;
}

/** Serve one page and what belongs to it on loopback, which browsers count as a secure context. */
export async function servePage(content: PageContent): Promise<PageServer> {
  const server = createServer((request, response) => void answer(content, request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async [Symbol.asyncDispose](): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(content: PageContent, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
  const found = await find(content, pathname.slice(1));
  response.writeHead(found === undefined ? 404 : 200, {
    "content-type": found?.type ?? "text/plain",
    // What pages need to share memory with their workers.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  });
  response.end(found?.body);
}

interface Found {
  readonly type: string;
  readonly body: Uint8Array | string;
}

async function find({ files, entry, vectors }: PageContent, path: string): Promise<Found | undefined> {
  if (path === "") {
    const body = `<!doctype html><meta charset="utf-8"><title>Bulla</title><script type="module" src="/${entry}"></script>`;
    return { type: "text/html", body };
  }
  const file = files.get(path);
  if (file !== undefined) return { type: "text/javascript", body: file };
  const vector = /^vectors\/([a-z0-9-]+\/[a-z0-9_-]+\.json)$/.exec(path)?.[1];
  if (vectors === undefined || vector === undefined) return undefined;
  return { type: "application/json", body: await readFile(join(vectors, vector)) };
}
