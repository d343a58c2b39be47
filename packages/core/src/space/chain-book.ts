import { BullaError, equalBytes, type Handle } from "@bulla/wire";
import { activeDevice, type ChainDevice, type ChainPin, type VerifiedChain } from "@bulla/wire/identity";
import type { MemberDevice } from "./member-device.ts";

/** The identity chains that this client has verified, each at its newest known position. */
export interface ChainBook {
  chainOf(handle: Handle): VerifiedChain | undefined;
}

/** A place in a chain that is needed before a decision can be made. */
export interface WantedChain {
  readonly handle: Handle;
  readonly position: number;
}

/** Which of these places are not known here yet. A chain that cannot be had means wait, never invalid. */
export function wantedChains(
  book: ChainBook,
  pins: Iterable<{ readonly handle: Handle; readonly pin: ChainPin }>,
): readonly WantedChain[] {
  const wanted: WantedChain[] = [];
  for (const { handle, pin } of pins) {
    if ((book.chainOf(handle)?.position ?? 0) < pin.position) wanted.push({ handle, position: pin.position });
  }
  return wanted;
}

/** The chain, if it is the one that the pin names.
 *  @throws BullaError space/fork when this client knows another one; InternalError-like misuse when it is not known at all */
export function pinnedChain(book: ChainBook, handle: Handle, pin: ChainPin): VerifiedChain {
  const chain = book.chainOf(handle);
  const hash = chain?.hashes[pin.position - 1];
  if (chain === undefined || hash === undefined || !equalBytes(hash, pin.hash)) {
    throw new BullaError(
      "identity/pin-mismatch",
      "space names another identity chain of a member than the one known here",
      {
        hint: "the service may be showing two identities; nothing more was read or sent here. Compare safety numbers with the members",
      },
    );
  }
  return chain;
}

/** The certified keys of a device that was active at the pin. */
export function pinnedDevice(
  book: ChainBook,
  { handle, deviceId }: MemberDevice,
  pin: ChainPin,
): ChainDevice | undefined {
  return activeDevice(pinnedChain(book, handle, pin), deviceId, pin.position);
}
