import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client, ReceivedView, SentView } from "@bulla/client";
import type { Service, ServiceOptions } from "@bulla/service";
import { HostileProxy } from "@bulla/testkit";
import type { Handle } from "@bulla/wire";
import type { Inside } from "./inside.ts";
import { removeAtEnd } from "./leftovers.ts";
import { codeOf } from "./row.ts";
import { product } from "./variant.ts";

/** Somebody with a device. A copy of the home is the same device at an earlier moment. */
export interface Person {
  readonly name: string;
  readonly handle: Handle;
  readonly home: string;
}

/** A real service behind a proxy that can lie, and people with real clients. Everything goes over sockets. */
export class Stage implements AsyncDisposable {
  readonly proxy: HostileProxy;
  readonly folder: string;
  readonly #options: Partial<ServiceOptions>;
  #service: Service | undefined;
  #count = 0;

  private constructor(proxy: HostileProxy, folder: string, options: Partial<ServiceOptions>) {
    this.proxy = proxy;
    this.folder = folder;
    this.#options = options;
  }

  static async open(inside?: Inside, options: Partial<ServiceOptions> = {}): Promise<Stage> {
    const stage = new Stage(await HostileProxy.start(), await mkdtemp(join(tmpdir(), "bulla-attacks-")), options);
    removeAtEnd(stage.folder);
    await stage.start(inside ?? (await product()));
    return stage;
  }

  get dataFolder(): string {
    return join(this.folder, "service");
  }

  async start({ createService }: Inside): Promise<void> {
    this.#service = await createService({
      dataFolder: this.dataFolder,
      port: 0,
      domain: this.proxy.authority,
      ...this.#options,
    });
    this.proxy.target = this.#service.url;
  }

  async stop(): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    this.#service = undefined;
  }

  path(name: string): string {
    return join(this.folder, `${name}-${this.#count++}`);
  }

  async person(name: string, inside?: Inside): Promise<Person> {
    const { node, wire } = inside ?? (await product());
    const home = this.path(name);
    await node.createAccount({ home, handle: name, service: this.proxy.url });
    return { name, handle: wire.parseHandle(name, this.proxy.authority), home };
  }

  /** The same device as it is now, to be played with. */
  async copy(person: Person): Promise<Person> {
    const home = this.path(person.name);
    await cp(person.home, home, { recursive: true });
    return { ...person, home };
  }

  async file(name: string, content: string | Uint8Array): Promise<string> {
    const folder = await mkdtemp(join(this.folder, "file-"));
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  async send(
    from: Person,
    to: Person,
    path: string,
    options: { readonly note?: string; readonly inside?: Inside } = {},
  ): Promise<SentView> {
    const [sent] = await this.use(
      from,
      (client) =>
        client.send({
          source: { kind: "paths", paths: [path] },
          to: [to.handle],
          ...(options.note === undefined ? {} : { note: options.note }),
        }),
      options.inside,
    );
    if (sent === undefined) throw new Error("nothing was sent");
    return sent;
  }

  async use<T>({ home }: Person, work: (client: Client) => Promise<T>, inside?: Inside): Promise<T> {
    const { node } = inside ?? (await product());
    await using client = await node.openClient({ home });
    return await work(client);
  }

  /** Receive everything into a fresh folder, or that one. */
  async receive(person: Person, inside?: Inside, out: string = this.path("out")): Promise<Received> {
    const views: ReceivedView[] = [];
    let error: string | undefined;
    try {
      await this.use(
        person,
        async (client) => {
          for await (const view of client.receive({ out })) views.push(view);
        },
        inside,
      );
    } catch (caught) {
      error = codeOf(caught);
    }
    return { out, views, error, left: await filesBelow(out) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.proxy[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Received {
  readonly out: string;
  readonly views: readonly ReceivedView[];
  readonly error: string | undefined;
  /** Every file below the out folder, hidden ones too. */
  readonly left: readonly string[];
}

/** Nothing was shown as received, and nothing is left, under a final or a temporary name. */
export function gotNothing({ views, left }: Received): boolean {
  return left.length === 0 && !views.some((view) => view.kind === "file");
}

export function gotFile({ views }: Received, name?: string): boolean {
  return views.some((view) => view.kind === "file" && (name === undefined || view.name === name));
}

export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
