import type { Server } from "node:http";
import type { Socket } from "node:net";
import { BullaError } from "@bulla/wire";
import { headerNames } from "@bulla/wire/api";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { ServiceLimits } from "../service-limits.ts";
import { accountRoutes } from "./account-routes.ts";
import { blobRoutes } from "./blob-routes.ts";
import type { ApiContext } from "./context.ts";
import { inboxRoutes } from "./inbox-routes.ts";
import { publicRoutes } from "./public-routes.ts";
import { addressKey, isLoopback } from "./rate-limiter.ts";
import { errorAnswer, refusalOf } from "./refusal.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Answers carry the nonce for the next signed request. */
    signed?: boolean;
  }
}

const securityHeaders = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "cross-origin",
} as const;

// Rights are in bodies and signatures, never in cookies, so any page may ask.
const corsHeaders = { "access-control-allow-origin": "*", "access-control-expose-headers": headerNames.nonce } as const;
const preflightHeaders = {
  "access-control-allow-methods": "GET, PUT, POST",
  "access-control-allow-headers": [
    "content-type",
    "content-digest",
    "signature-input",
    "signature",
    headerNames.ticket,
    headerNames.lease,
    headerNames.expiryDay,
  ].join(", "),
  "access-control-max-age": "86400",
} as const;

/** The HTTP side. It logs no requests; bodies are limited per route before they are read, and slow requests are cut off. */
export function createServer(context: ApiContext): FastifyInstance {
  const app = fastify({
    // Behind a proxy on this machine, limits count the address that the proxy names.
    trustProxy: "loopback",
    logger: false,
    bodyLimit: 64 * 1024,
    requestTimeout: 300_000,
    keepAliveTimeout: 60_000,
    http: { headersTimeout: 20_000, maxHeaderSize: 16 * 1024 },
    routerOptions: { maxParamLength: 300 },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // For addresses that the router cannot even read.
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) => {
      const refusal = refusalOf(error, context.log);
      void reply
        .code(refusal.status)
        .headers({ ...securityHeaders, ...corsHeaders })
        .type("application/json")
        .send(errorAnswer(refusal));
    },
  });
  limitConnections(app.server, context.limits);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.addHook("onRequest", async (request, reply) => {
    reply.headers(securityHeaders);
    if (request.raw.url !== "/") reply.headers(corsHeaders);
    if (request.routeOptions.config.signed === true) reply.header(headerNames.nonce, context.nonces.issue());
  });
  app.setErrorHandler((error, _request, reply) => {
    const refusal = refusalOf(error, context.log);
    return reply.code(refusal.status).type("application/json").send(errorAnswer(refusal));
  });
  app.setNotFoundHandler((_request, reply) => {
    const refusal = refusalOf(new BullaError("service/not-found", "there is no such route"), context.log);
    return reply.code(refusal.status).type("application/json").send(errorAnswer(refusal));
  });
  app.options("/*", (_request, reply) => reply.code(204).headers(preflightHeaders).send());

  publicRoutes(app, context);
  accountRoutes(app, context);
  inboxRoutes(app, context);
  blobRoutes(app, context);
  return app;
}

/** Bounds how many connections there are, and how many one address has. */
function limitConnections(
  server: Server,
  { maxConnections, maxConnectionsPerAddress, loopbackFactor }: ServiceLimits,
): void {
  const counts = new Map<string, number>();
  server.maxConnections = maxConnections;
  server.on("connection", (socket: Socket) => {
    const key = addressKey(socket.remoteAddress);
    const count = (counts.get(key) ?? 0) + 1;
    if (count > maxConnectionsPerAddress * (isLoopback(socket.remoteAddress) ? loopbackFactor : 1)) {
      socket.destroy();
      return;
    }
    counts.set(key, count);
    socket.on("close", () => {
      const left = (counts.get(key) ?? 1) - 1;
      if (left === 0) counts.delete(key);
      else counts.set(key, left);
    });
  });
}
