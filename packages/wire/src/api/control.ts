import * as z from "zod/mini";

/** `GET wellKnown`: where a host's service is. */
export const wellKnownSchema = z.object({
  bulla: z.literal(1),
  /** Base URL of the service, without a trailing slash. */
  service: z.string().check(z.maxLength(2048)),
  /** The host of its handles. */
  host: z.string().check(z.maxLength(260)),
});
export type WellKnown = z.infer<typeof wellKnownSchema>;

/** `GET about` */
export const aboutSchema = z.object({
  version: z.literal(1),
  host: z.string().check(z.maxLength(260)),
  /** UTC day of the service's clock. */
  day: z.int().check(z.nonnegative()),
  partDays: z.int().check(z.nonnegative()),
});
export type About = z.infer<typeof aboutSchema>;

/** `POST nonces` */
export const nonceAnswerSchema = z.object({ nonce: z.string().check(z.maxLength(64)) });
export type NonceAnswer = z.infer<typeof nonceAnswerSchema>;

/** Body of `POST admissions`: what an account asks to use up. Signed. */
export const admissionRequestSchema = z.object({
  /** Bytes of chunks to be put. */
  bytes: z.int().check(z.nonnegative()),
  /** Longest lease, in days. */
  days: z.int().check(z.nonnegative(), z.maximum(366)),
  streams: z.int().check(z.nonnegative(), z.maximum(64)),
  envelopes: z.int().check(z.nonnegative(), z.maximum(256)),
});
export type AdmissionRequest = z.infer<typeof admissionRequestSchema>;

/** Answer: a ticket that carries those rights, kept by the service in memory only and without the account's name. */
export const admissionAnswerSchema = z.object({
  ticket: z.string().check(z.maxLength(64)),
  seconds: z.int().check(z.positive()),
});
export type AdmissionAnswer = z.infer<typeof admissionAnswerSchema>;

/** Every refusal of the service. */
export const errorAnswerSchema = z.object({
  error: z.object({
    code: z.string().check(z.maxLength(64)),
    message: z.string().check(z.maxLength(1024)),
    hint: z.optional(z.string().check(z.maxLength(1024))),
  }),
});
export type ErrorAnswer = z.infer<typeof errorAnswerSchema>;
