import { BullaError, bytesOfHex, textOf } from "@bulla/wire";
import { type Codec, decode } from "@bulla/wire/encoding";
import type { FastifyRequest } from "fastify";
import type { DeviceAddress } from "../storage/directory-store.ts";

/** The body as it came; empty when there was none. Its route limited it before it was read. */
export function bodyOf(request: FastifyRequest): Uint8Array {
  return request.body instanceof Uint8Array ? request.body : new Uint8Array();
}

/** @throws BullaError wire/malformed, wire/too-large */
export function decodeBody<T>(request: FastifyRequest, codec: Codec<T>): T {
  const bytes = bodyOf(request);
  return decode(codec, bytes, { maxBytes: bytes.length });
}

/** @throws BullaError service/malformed */
export function jsonBody(request: FastifyRequest): unknown {
  try {
    return JSON.parse(textOf(bodyOf(request)));
  } catch {
    throw new BullaError("service/malformed", "body is not JSON");
  }
}

/** A path parameter. The router made sure that it is there. */
export function parameterOf(request: FastifyRequest, parameter: string): string {
  const { params } = request;
  const value: unknown = typeof params === "object" && params !== null ? Reflect.get(params, parameter) : undefined;
  if (typeof value !== "string") throw new BullaError("service/malformed", `path has no ${parameter}`);
  return value;
}

/** The device that a path names.
 *  @throws BullaError service/not-found – no device can have that id */
export function pathDevice(request: FastifyRequest): DeviceAddress {
  const deviceId = bytesOfHex(parameterOf(request, "deviceId"));
  if (deviceId?.length !== 16) throw new BullaError("service/not-found", "there is no such device");
  return { name: parameterOf(request, "name"), deviceId };
}

/** `?from=N`; 0 without it.
 *  @throws BullaError service/malformed */
export function fromOf(request: FastifyRequest): number {
  const query = new URL(request.raw.url ?? "/", "http://localhost").searchParams.get("from") ?? "0";
  const from = Number(query);
  if (!/^\d{1,15}$/.test(query) || !Number.isSafeInteger(from))
    throw new BullaError("service/malformed", "from is not a position");
  return from;
}
