import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { BullaError } from "@bulla/wire";
import { isLoopbackAddress, isPublicAddress } from "./public-address.ts";

/** `own`: a service that the person chose; encrypted, or on this machine. `stranger`: a service that somebody else named; encrypted, and public addresses only. */
export type ConnectPolicy = "own" | "stranger";

/** An address that may be connected to. */
export interface Destination {
  readonly url: URL;
  /** Resolves names to allowed addresses only; the connection goes to exactly the address that was checked. */
  readonly lookup: LookupFunction;
}

type Scheme = "http" | "ws";

/** Check a URL before anything is looked up or sent.
 *  @throws BullaError transport/insecure – unencrypted to another machine; transport/refused-address – not an address, or one the policy forbids */
export function checkDestination(policy: ConnectPolicy, scheme: Scheme, text: string): Destination {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") throw refusedAddress("not the address of a service");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (url.protocol === `${scheme}s:`) {
    if (policy === "stranger" && isIP(host) !== 0 && !isPublicAddress(host))
      throw refusedAddress("service of a stranger is at an address that is not public");
    return { url, lookup: policy === "stranger" ? checkedLookup(isPublicAddress) : checkedLookup(() => true) };
  }
  if (url.protocol !== `${scheme}:`) throw refusedAddress("not the address of a service");
  if (policy === "stranger" || !(host === "localhost" || isLoopbackAddress(host))) {
    throw new BullaError("transport/insecure", "connection would not be encrypted", {
      hint: "use https; plain http is for a service on this machine only",
    });
  }
  return { url, lookup: checkedLookup(isLoopbackAddress) };
}

/** A lookup for sockets that refuses a name as soon as one of its addresses is not allowed. */
function checkedLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      if (error !== null || first === undefined) return callback(error ?? new Error("name has no address"), "", 0);
      if (!addresses.every(({ address }) => isAllowed(address)))
        return callback(refusedAddress("name leads to an address that is not allowed"), "", 0);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function refusedAddress(message: string): BullaError {
  return new BullaError("transport/refused-address", message, { hint: "check the host of the handle" });
}
