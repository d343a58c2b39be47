import { BullaError, base64urlOf, capabilityHash, limits } from "@bulla/wire";
import {
  capabilityChangeCodec,
  envelopePostCodec,
  type InboxRight,
  inboxAcknowledgementCodec,
  inboxAnswerCodec,
  mediaTypes,
} from "@bulla/wire/api";
import { encode } from "@bulla/wire/encoding";
import { activeDevice } from "@bulla/wire/identity";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { today } from "../clock.ts";
import { nodeVerifier } from "../node-verifier.ts";
import type { DeviceAddress } from "../storage/directory-store.ts";
import { takeForAddress } from "./address-limits.ts";
import type { ApiContext } from "./context.ts";
import { decodeBody, fromOf, pathDevice } from "./request-body.ts";
import { authenticateAs } from "./signed-requests.ts";

const postBytes = Math.max(...limits.envelopeSizes) + 256;
const capabilityBytes = 2 * 256 * 40;

/** Inboxes: how a device is reached for the first time. */
export function inboxRoutes(app: FastifyInstance, context: ApiContext): void {
  const { accounts, directory } = context;
  const inbox = "/v1/accounts/:name/devices/:deviceId/inbox";

  app.post(inbox, { bodyLimit: postBytes }, async (request, reply) => {
    const device = pathDevice(request);
    const { right, envelope } = decodeBody(request, envelopePostCodec);
    if (!limits.envelopeSizes.includes(envelope.length))
      throw new BullaError(
        "service/malformed",
        `envelope is ${envelope.length} bytes, expected ${limits.envelopeSizes.join(" or ")}`,
      );
    if (activeDevice(await accounts.get(device.name), device.deviceId) === undefined)
      throw new BullaError("service/not-found", "there is no such device");
    const giveBack = await checkRight(context, request, device, right);
    const maxWaiting =
      right.kind === "capability" ? context.limits.maxEnvelopesPerInbox : context.limits.maxEnvelopesByStrangers;
    const outcome = await directory.post(device, envelope, today(context.clock) + limits.defaultExpiryDays, maxWaiting);
    if (outcome === "full") {
      giveBack();
      throw new BullaError("service/quota", "the inbox is full", { hint: "try again when the person has been online" });
    }
    return reply.code(204).send();
  });

  app.get(inbox, { config: { signed: true } }, async (request, reply) => {
    const device = pathDevice(request);
    await authenticateAs(context, request, device);
    const answer = await directory.envelopes(device, fromOf(request), limits.maxEnvelopesPerRead, today(context.clock));
    return reply.type(mediaTypes.cbor).send(Buffer.from(encode(inboxAnswerCodec, answer)));
  });

  app.post(`${inbox}/acknowledgements`, { bodyLimit: 1024, config: { signed: true } }, async (request, reply) => {
    const device = pathDevice(request);
    await authenticateAs(context, request, device);
    await directory.acknowledge(device, decodeBody(request, inboxAcknowledgementCodec).through);
    return reply.code(204).send();
  });

  app.put(
    "/v1/accounts/:name/devices/:deviceId/capabilities",
    { bodyLimit: capabilityBytes, config: { signed: true } },
    async (request, reply) => {
      const device = pathDevice(request);
      await authenticateAs(context, request, device);
      const outcome = await directory.changeCapabilities(
        device,
        decodeBody(request, capabilityChangeCodec),
        limits.maxCapabilitiesPerDevice,
      );
      if (outcome === "full")
        throw new BullaError("service/quota", `a device holds at most ${limits.maxCapabilitiesPerDevice} capabilities`);
      return reply.code(204).send();
    },
  );
}

/** @returns how to give the right back when the envelope was not taken
 *  @throws BullaError service/forbidden, service/quota, service/rate-limited */
async function checkRight(
  context: ApiContext,
  request: FastifyRequest,
  device: DeviceAddress,
  right: InboxRight,
): Promise<() => void> {
  if (right.kind === "ticket") return context.tickets.spendOne(base64urlOf(right.ticket), "envelopes");
  if (right.kind === "stranger") {
    takeForAddress(context, request, "strangerEnvelopes");
    context.rates.take(
      `strangers to ${device.name}/${base64urlOf(device.deviceId)}`,
      context.limits.strangerEnvelopesToInbox,
    );
  } else if (!(await context.directory.hasCapability(device, capabilityHash(nodeVerifier, right.secret)))) {
    throw new BullaError("service/forbidden", "capability is not known");
  }
  return () => undefined;
}
