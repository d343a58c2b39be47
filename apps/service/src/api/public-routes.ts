import { BullaError, limits } from "@bulla/wire";
import {
  type About,
  type AdmissionAnswer,
  admissionRequestSchema,
  type NonceAnswer,
  type WellKnown,
} from "@bulla/wire/api";
import type { FastifyInstance } from "fastify";
import { ticketSeconds } from "../admission/tickets.ts";
import { today } from "../clock.ts";
import { takeForAddress } from "./address-limits.ts";
import type { ApiContext } from "./context.ts";
import { frontPage, frontPagePolicy } from "./front-page.ts";
import { openApi } from "./openapi.ts";
import { jsonBody } from "./request-body.ts";
import { authenticate } from "./signed-requests.ts";

/** What anyone may ask, and admission. */
export function publicRoutes(app: FastifyInstance, context: ApiContext): void {
  const { authority, clock } = context;

  app.get("/", (request, reply) => {
    const page = frontPage(authority.domain, authority.baseUrl(request.headers.host));
    return reply.type("text/html; charset=utf-8").header("content-security-policy", frontPagePolicy).send(page);
  });

  app.get(
    "/.well-known/bulla",
    (request): WellKnown => ({ bulla: 1, service: authority.baseUrl(request.headers.host), host: authority.domain }),
  );

  app.get(
    "/v1/about",
    (): About => ({ version: 1, host: authority.domain, day: today(clock), partDays: limits.partDays }),
  );

  app.get("/v1/openapi.json", () => openApi());

  app.post("/v1/nonces", { bodyLimit: 1024 }, (request, reply): NonceAnswer => {
    takeForAddress(context, request, "nonces");
    const nonce = context.nonces.issue();
    void reply.header("bulla-nonce", nonce);
    return { nonce };
  });

  app.post(
    "/v1/admissions",
    { bodyLimit: 4096, config: { signed: true } },
    async (request): Promise<AdmissionAnswer> => {
      const { name } = await authenticate(context, request);
      context.rates.take(`admissions of ${name}`, context.limits.admissions);
      const parsed = admissionRequestSchema.safeParse(jsonBody(request));
      if (!parsed.success) throw new BullaError("service/malformed", "body is not an admission request");
      return { ticket: await context.admission.admit(name, parsed.data), seconds: ticketSeconds };
    },
  );
}
