import * as api from "@bulla/wire/api";
import type { Shape } from "@bulla/wire/encoding";
import { signedStatementCodec } from "@bulla/wire/identity";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Body = { readonly json: object } | { readonly cbor: Shape } | { readonly octets: string };

interface Operation {
  readonly method: "get" | "put" | "post";
  readonly path: string;
  readonly summary: string;
  readonly signed?: "always" | "optionally";
  readonly request?: Body;
  readonly answer?: Body;
}

const device = "/v1/accounts/{name}/devices/{deviceId}";
const account = "/v1/accounts/{name}";

const operations: readonly Operation[] = [
  {
    method: "get",
    path: api.routes.wellKnown,
    summary: "Where the host's service is",
    answer: { json: api.jsonSchemaOf(api.wellKnownSchema) },
  },
  {
    method: "get",
    path: api.routes.about,
    summary: "Version, host and day",
    answer: { json: api.jsonSchemaOf(api.aboutSchema) },
  },
  {
    method: "post",
    path: api.routes.nonces,
    summary: "A nonce for one signed request",
    answer: { json: api.jsonSchemaOf(api.nonceAnswerSchema) },
  },
  {
    method: "post",
    path: api.routes.admissions,
    summary: "A ticket for bytes, streams and envelopes",
    signed: "always",
    request: { json: api.jsonSchemaOf(api.admissionRequestSchema) },
    answer: { json: api.jsonSchemaOf(api.admissionAnswerSchema) },
  },
  {
    method: "get",
    path: account,
    summary: "Statements of an identity chain, from `from` on",
    answer: { cbor: api.accountAnswerCodec.shape },
  },
  {
    method: "put",
    path: account,
    summary: "Start an account",
    signed: "always",
    request: { cbor: signedStatementCodec.shape },
  },
  {
    method: "post",
    path: `${account}/statements`,
    summary: "Add a statement",
    signed: "always",
    request: { cbor: signedStatementCodec.shape },
  },
  {
    method: "post",
    path: `${account}/claims`,
    summary: "Take one KeyPackage of each active device",
    signed: "optionally",
    answer: { cbor: api.claimAnswerCodec.shape },
  },
  {
    method: "put",
    path: `${device}/key-packages`,
    summary: "Add KeyPackages",
    signed: "always",
    request: { cbor: api.keyPackageUploadCodec.shape },
    answer: { cbor: api.poolStateCodec.shape },
  },
  {
    method: "get",
    path: `${device}/key-packages`,
    summary: "How many are left",
    signed: "always",
    answer: { cbor: api.poolStateCodec.shape },
  },
  {
    method: "post",
    path: `${device}/inbox`,
    summary: "Put an envelope into a device's inbox",
    request: { cbor: api.envelopePostCodec.shape },
  },
  {
    method: "get",
    path: `${device}/inbox`,
    summary: "Envelopes, from `from` on",
    signed: "always",
    answer: { cbor: api.inboxAnswerCodec.shape },
  },
  {
    method: "post",
    path: `${device}/inbox/acknowledgements`,
    summary: "Delete envelopes",
    signed: "always",
    request: { cbor: api.inboxAcknowledgementCodec.shape },
  },
  {
    method: "put",
    path: `${device}/capabilities`,
    summary: "Register and forget inbox capabilities",
    signed: "always",
    request: { cbor: api.capabilityChangeCodec.shape },
  },
  {
    method: "post",
    path: api.routes.missingChunks,
    summary: "Which chunks these leases do not hold",
    request: { cbor: api.missingQuestionCodec.shape },
    answer: { cbor: api.missingAnswerCodec.shape },
  },
  {
    method: "post",
    path: api.routes.endLeases,
    summary: "End leases by their tokens",
    request: { cbor: api.leaseEndCodec.shape },
  },
  {
    method: "put",
    path: "/v1/chunks/{hash}",
    summary: "Put a chunk; headers bulla-ticket, bulla-lease, bulla-expiry-day",
    request: { octets: "the chunk" },
  },
  {
    method: "get",
    path: "/v1/chunks/{hash}",
    summary: "Get a chunk by the SHA-256 of its bytes",
    answer: { octets: "the chunk" },
  },
];

/** The HTTP interface as OpenAPI 3.1, from the schemas and codecs themselves. Binary bodies are deterministic CBOR; `x-bulla-shape` describes them.
 *  The WebSocket at `/v1/connect` carries the frames under `x-bulla-frames`. */
export function openApi(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of operations)
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describeOperation(operation) };
  return {
    openapi: "3.1.0",
    info: { title: "Bulla service", version: "1" },
    paths,
    "x-bulla-frames": {
      path: api.routes.connect,
      request: describeShape(api.requestFrameCodec.shape),
      answer: describeShape(api.answerFrameCodec.shape),
    },
  };
}

function describeOperation({ path, summary, signed, request, answer }: Operation): object {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const refusal = { description: "refused", content: content({ json: api.jsonSchemaOf(api.errorAnswerSchema) }) };
  return {
    summary: signed === undefined ? summary : `${summary} (signed ${signed}: RFC 9421, tag bulla-1)`,
    parameters,
    ...(request === undefined ? {} : { requestBody: { required: true, content: content(request) } }),
    responses: {
      ...(answer === undefined
        ? { 204: { description: "done" } }
        : { 200: { description: "the answer", content: content(answer) } }),
      default: refusal,
    },
  };
}

function content(body: Body): object {
  if ("json" in body) return { [api.mediaTypes.json]: { schema: body.json } };
  if ("cbor" in body) return { [api.mediaTypes.cbor]: { "x-bulla-shape": describeShape(body.cbor) } };
  return { [api.mediaTypes.octets]: { schema: { type: "string", format: "binary", description: body.octets } } };
}

function describeShape(shape: Shape): Json {
  switch (shape.kind) {
    case "struct":
      return {
        kind: shape.kind,
        fields: Object.entries(shape.fields).map(([name, field]) => ({ name, shape: describeShape(field) })),
      };
    case "variant":
      return {
        kind: shape.kind,
        cases: Object.entries(shape.cases).map(([name, { tag, shape: inner }]) => ({
          name,
          tag,
          shape: describeShape(inner),
        })),
      };
    case "list":
    case "nullable":
    case "refined":
      return { ...shape, of: describeShape(shape.of) };
    default:
      return { ...shape };
  }
}
