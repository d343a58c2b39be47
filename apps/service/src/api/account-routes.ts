import { BullaError, limits } from "@bulla/wire";
import {
  accountAnswerCodec,
  claimAnswerCodec,
  keyPackageUploadCodec,
  mediaTypes,
  poolStateCodec,
} from "@bulla/wire/api";
import { encode } from "@bulla/wire/encoding";
import { activeDevices, decodeSignedStatement } from "@bulla/wire/identity";
import type { FastifyInstance } from "fastify";
import { today } from "../clock.ts";
import { takeForAddress } from "./address-limits.ts";
import type { ApiContext } from "./context.ts";
import { bodyOf, decodeBody, fromOf, parameterOf, pathDevice } from "./request-body.ts";
import { authenticate, authenticateAs, authenticateFounder } from "./signed-requests.ts";

const statementBytes = limits.maxStatementBytes + 256;
const uploadBytes = (limits.maxKeyPackagesPerUpload + 1) * (limits.maxKeyPackageBytes + 16);

/** Accounts, their chains and KeyPackages. */
export function accountRoutes(app: FastifyInstance, context: ApiContext): void {
  const { accounts, directory } = context;

  app.get("/v1/accounts/:name", async (request, reply) => {
    takeForAddress(context, request, "lookups");
    const name = parameterOf(request, "name");
    const statements = await directory.statements(name, fromOf(request));
    if (statements === undefined) throw new BullaError("service/not-found", "there is no such account");
    return reply.type(mediaTypes.cbor).send(Buffer.from(encode(accountAnswerCodec, { statements, evidence: null })));
  });

  app.put("/v1/accounts/:name", { bodyLimit: statementBytes, config: { signed: true } }, async (request, reply) => {
    takeForAddress(context, request, "newAccounts");
    const name = parameterOf(request, "name");
    accounts.handleOf(name);
    const bytes = bodyOf(request);
    const signed = decodeSignedStatement(bytes);
    await authenticateFounder(context, request, name, signed);
    await accounts.create(name, bytes, signed);
    return reply.code(204).send();
  });

  app.post(
    "/v1/accounts/:name/statements",
    { bodyLimit: statementBytes, config: { signed: true } },
    async (request, reply) => {
      const name = parameterOf(request, "name");
      const signer = await authenticate(context, request);
      if (signer.name !== name) throw new BullaError("service/forbidden", "this belongs to another account");
      const bytes = bodyOf(request);
      await accounts.append(name, bytes, decodeSignedStatement(bytes));
      return reply.code(204).send();
    },
  );

  app.put(
    "/v1/accounts/:name/devices/:deviceId/key-packages",
    { bodyLimit: uploadBytes, config: { signed: true } },
    async (request, reply) => {
      const device = pathDevice(request);
      await authenticateAs(context, request, device);
      const upload = decodeBody(request, keyPackageUploadCodec);
      const outcome = await directory.addKeyPackages(device, {
        ...upload,
        today: today(context.clock),
        maxRemaining: limits.maxKeyPackagesPerDevice,
      });
      if (outcome === "full")
        throw new BullaError("service/quota", `a pool holds at most ${limits.maxKeyPackagesPerDevice} packages`);
      return reply.type(mediaTypes.cbor).send(Buffer.from(encode(poolStateCodec, outcome)));
    },
  );

  app.get("/v1/accounts/:name/devices/:deviceId/key-packages", { config: { signed: true } }, async (request, reply) => {
    const device = pathDevice(request);
    await authenticateAs(context, request, device);
    return reply.type(mediaTypes.cbor).send(Buffer.from(encode(poolStateCodec, await directory.poolCount(device))));
  });

  app.post("/v1/accounts/:name/claims", { bodyLimit: 1024, config: { signed: true } }, async (request, reply) => {
    const name = parameterOf(request, "name");
    if (request.headers["signature"] === undefined) {
      takeForAddress(context, request, "unsignedClaims");
      context.rates.take(`claims from ${name}`, context.limits.claimsFromAccount);
    } else {
      context.rates.take(`claims by ${(await authenticate(context, request)).name}`, context.limits.signedClaims);
    }
    const chain = await accounts.get(name);
    const packages = await directory.claim(
      name,
      activeDevices(chain).map(({ keys }) => keys.deviceId),
      today(context.clock),
    );
    return reply.type(mediaTypes.cbor).send(Buffer.from(encode(claimAnswerCodec, { packages })));
  });
}
