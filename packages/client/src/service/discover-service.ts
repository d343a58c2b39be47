import { BullaError, isHost } from "@bulla/wire";
import { routes, wellKnownSchema } from "@bulla/wire/api";
import type { Transport } from "../ports.ts";
import { bodyOf, decodeJson } from "./exchange.ts";
import { badAnswer } from "./service-refusal.ts";

/** Find the base URL of the service that is home to a host's handles, without a trailing slash.
 *  Asked over https; over plain http on this machine only. `overrides` maps hosts to URLs and asks nobody.
 *  @throws BullaError wire/bad-handle, transport/unreachable, transport/insecure, transport/bad-answer, or the service's refusal */
export async function discoverService(
  transport: Transport,
  host: string,
  overrides: ReadonlyMap<string, string> = new Map(),
  signal?: AbortSignal,
): Promise<string> {
  if (!isHost(host)) throw new BullaError("wire/bad-handle", "that is not the host of a handle");
  const override = overrides.get(host);
  if (override !== undefined) return baseOf(override);
  const name = host.split(":")[0] ?? "";
  const scheme = name === "localhost" || /^127(\.\d{1,3}){3}$/.test(name) ? "http" : "https";
  const answer = await transport.request({
    method: "GET",
    url: `${scheme}://${host}${routes.wellKnown}`,
    maxAnswerBytes: 8192,
    ...(signal === undefined ? {} : { signal }),
  });
  const found = decodeJson(wellKnownSchema, bodyOf(answer, "json"));
  if (found.host !== host) throw badAnswer("service is home to another host than the one asked for");
  return baseOf(found.service);
}

function baseOf(text: string): string {
  const url = URL.parse(text);
  const isPlain =
    url !== null &&
    (url.protocol === "https:" || url.protocol === "http:") &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (!isPlain) throw badAnswer("address of the service is not a plain web address");
  return url.href.replace(/\/+$/, "");
}
