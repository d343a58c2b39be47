import { BullaError, bytesOfHex, equalBytes, hexOf, limits, type Verifier } from "@bulla/wire";
import { type VerifiedRequest, verifyRequest } from "@bulla/wire/api";
import { decode } from "@bulla/wire/encoding";
import { activeDevice, type SignedStatement, statementCodec } from "@bulla/wire/identity";
import type { FastifyRequest } from "fastify";
import { nodeVerifier, sha256 } from "../node-verifier.ts";
import type { DeviceAddress } from "../storage/directory-store.ts";
import type { ApiContext } from "./context.ts";
import { bodyOf } from "./request-body.ts";

/** Who signed the request: a device that is active in its account's chain now.
 *  @throws BullaError service/unauthorized – one answer for every cause */
export async function authenticate(context: ApiContext, request: FastifyRequest): Promise<DeviceAddress> {
  const { keyId } = await verify(context, request, async (claimed) => {
    const device = deviceOf(claimed);
    const chain = device === undefined ? undefined : await context.accounts.find(device.name);
    return device === undefined || chain === undefined
      ? undefined
      : activeDevice(chain, device.deviceId)?.keys.requestKey;
  });
  const device = deviceOf({ keyId });
  if (device === undefined) throw unauthorized();
  return device;
}

/** As `authenticate`, for a device that must be the one the path names.
 *  @throws BullaError service/forbidden – it is another */
export async function authenticateAs(
  context: ApiContext,
  request: FastifyRequest,
  { name, deviceId }: DeviceAddress,
): Promise<void> {
  const signer = await authenticate(context, request);
  if (signer.name !== name || !equalBytes(signer.deviceId, deviceId))
    throw new BullaError("service/forbidden", "this belongs to another device");
}

/** Checks the request that starts an account: signed by the request key that its own statement certifies.
 *  @throws BullaError service/unauthorized, wire/malformed */
export async function authenticateFounder(
  context: ApiContext,
  request: FastifyRequest,
  name: string,
  signed: SignedStatement,
): Promise<void> {
  const { body } = decode(statementCodec, signed.statement, { maxBytes: limits.maxStatementBytes });
  await verify(context, request, async ({ keyId }) => {
    if (body.kind !== "create") return undefined;
    const { deviceId, requestKey } = body.device.keys;
    return keyId === `${name}/${hexOf(deviceId)}` ? requestKey : undefined;
  });
}

const verifier: Verifier = nodeVerifier;

async function verify(
  context: ApiContext,
  request: FastifyRequest,
  keyOf: (claimed: VerifiedRequest) => Promise<Uint8Array | undefined>,
): Promise<VerifiedRequest> {
  const { host = "" } = request.headers;
  if (!context.authority.isOurs(host)) throw unauthorized();
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, typeof value === "string" ? value : undefined]),
  );
  const parts = { method: request.method, url: `http://${host}${request.raw.url ?? "/"}`, body: bodyOf(request) };
  return verifyRequest(
    parts,
    headers,
    async (claimed) => {
      // Spent before anything else is known about the request: of two copies at once only one can pass.
      if (!context.nonces.spend(claimed.nonce)) return undefined;
      const key = await keyOf(claimed);
      return key === undefined ? undefined : (message, signature) => verifier.verifyEd25519(key, message, signature);
    },
    sha256,
  );
}

function deviceOf({ keyId }: Pick<VerifiedRequest, "keyId">): DeviceAddress | undefined {
  const [name = "", device = "", ...rest] = keyId.split("/");
  const deviceId = bytesOfHex(device);
  return deviceId?.length === 16 && rest.length === 0 ? { name, deviceId } : undefined;
}

const unauthorized = (): BullaError =>
  new BullaError("service/unauthorized", "request is not signed by a device of the account");
