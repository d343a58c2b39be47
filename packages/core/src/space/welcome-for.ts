import { BullaError, equalBytes } from "@bulla/wire";
import * as mls from "ts-mls";
import { decodeExactly } from "./mls-message.ts";

/** The part of a Welcome that one KeyPackage needs, as a Welcome of its own (RFC 9420 §12.4.3.1): what goes to one device neither holds nor counts the others' secrets, and does not grow with them.
 *  @throws BullaError wire/malformed; core/bad-key when nothing in it is for that KeyPackage */
export function welcomeFor(welcome: Uint8Array, reference: Uint8Array): Uint8Array {
  const message = decodeExactly(welcome);
  if (message.wireformat !== "mls_welcome") throw new BullaError("wire/malformed", "malformed item: not a Welcome");
  const secrets = message.welcome.secrets.filter(({ newMember }) => equalBytes(newMember, reference));
  if (secrets.length !== 1) throw new BullaError("core/bad-key", "a Welcome holds nothing for that KeyPackage");
  return mls.encodeMlsMessage({ ...message, welcome: { ...message.welcome, secrets } });
}
