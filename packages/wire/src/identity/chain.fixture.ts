import { expect } from "vitest";
import type { ErrorCode } from "../errors.ts";
import { type Handle, parseHandle } from "../handle.ts";
import { certificateOf, linkAfter, type SigningDevice, signingDevice, verifier } from "../signing-device.fixture.ts";
import { type VerifiedChain, verifyChain } from "./chain.ts";
import type { DeviceCertificate } from "./device-certificate.ts";
import type { SignedStatement, StatementBody } from "./statement.ts";

export const handle: Handle = parseHandle("bob@acme.example");
export const laptop: SigningDevice = signingDevice("laptop");
export const phone: SigningDevice = signingDevice("phone");
export const tablet: SigningDevice = signingDevice("tablet");

export const create = (device: SigningDevice, of: Handle = handle): StatementBody => ({
  kind: "create",
  handle: of,
  device: certificateOf(device, of),
});
export const add = (device: SigningDevice): StatementBody => ({
  kind: "addDevice",
  device: certificateOf(device, handle),
});
export const addCertificate = (device: DeviceCertificate): StatementBody => ({ kind: "addDevice", device });
export const revoke = (device: SigningDevice): StatementBody => ({ kind: "revokeDevice", deviceId: device.id });

/** A chain of honest links. */
export function chainOf(...steps: readonly (readonly [SigningDevice, StatementBody])[]): readonly SignedStatement[] {
  const links: SignedStatement[] = [];
  for (const [signer, body] of steps) links.push(linkAfter(links, signer, body));
  return links;
}

export const check = (links: readonly SignedStatement[], of: Handle = handle): Promise<VerifiedChain> =>
  verifyChain(verifier, of, links);

/** The chain must be refused with that code, and a message that matches. */
export async function refused(
  links: readonly SignedStatement[],
  code: ErrorCode,
  message?: RegExp,
  of: Handle = handle,
): Promise<void> {
  const error: unknown = await check(links, of).then(
    () => expect.fail("the chain was accepted"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({
    name: "BullaError",
    code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  });
}

export const created: readonly SignedStatement[] = chainOf([laptop, create(laptop)]);
export const two: readonly SignedStatement[] = chainOf([laptop, create(laptop)], [laptop, add(phone)]);
export const revoked: readonly SignedStatement[] = chainOf(
  [laptop, create(laptop)],
  [laptop, add(phone)],
  [laptop, revoke(phone)],
);
