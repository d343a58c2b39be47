import {
  createChain,
  createDeviceSecrets,
  decodeDeviceSecrets,
  encodeDeviceSecrets,
  type Primitives,
} from "@bulla/core";
import { BullaError, equalBytes, type Handle, isBullaError, splitHandle } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import { decodeSignedStatement, signedStatementCodec, type VerifiedChain, verifyChain } from "@bulla/wire/identity";
import type { Clock, Store, Transport } from "../ports.ts";
import { createServiceClient } from "../service/service-client.ts";
import { accountOf, today } from "./account.ts";
import { encodeStatements } from "./chain-shelf.ts";
import { handlePlace, places } from "./places.ts";
import { storedChainCodec } from "./stored.ts";

export interface Registration {
  readonly handle: Handle;
  readonly store: Store;
  readonly primitives: Primitives;
  readonly clock: Clock;
  readonly transport: Transport;
  /** Base URL of the home service. */
  readonly url: string;
}

/** Make this device's keys and the account's first link, store both, then publish the link. May be repeated after a crash: keys are made once.
 *  @throws BullaError service/conflict when somebody else has that name, transport/* */
export async function registerAccount({
  handle,
  store,
  primitives,
  clock,
  transport,
  url,
}: Registration): Promise<VerifiedChain> {
  const chain = await ownChain(handle, store, primitives, clock);
  const secrets = await store.get(places.secrets);
  const [first] = chain.statements;
  if (secrets === undefined || first === undefined)
    throw new BullaError("store/corrupt", "this device's keys are gone");
  const account = accountOf(handle, decodeDeviceSecrets(secrets), store, primitives, clock);
  const client = createServiceClient({ transport, verifier: primitives, url, signer: account.signer });
  const { name } = splitHandle(handle);
  try {
    await client.createAccount(name, first);
  } catch (error) {
    if (!isBullaError(error, "service/conflict")) throw error;
    const [theirs] = await client.getStatements(name, 0);
    if (
      theirs === undefined ||
      !equalBytes(encode(signedStatementCodec, theirs), encode(signedStatementCodec, first))
    ) {
      throw new BullaError("service/conflict", "that name is taken", { cause: error, hint: "choose another name" });
    }
  }
  return chain;
}

async function ownChain(handle: Handle, store: Store, primitives: Primitives, clock: Clock): Promise<VerifiedChain> {
  return store.step(async (transaction) => {
    const place = places.chain(handlePlace(primitives, handle));
    const stored = await transaction.get(place);
    if (stored !== undefined) {
      const { statements } = decode(storedChainCodec, stored, { maxBytes: 16 * 1024 * 1024 });
      return verifyChain(primitives, handle, statements.map(decodeSignedStatement));
    }
    const secrets = createDeviceSecrets(primitives);
    const { chain } = await createChain(primitives, handle, secrets, today({ clock }));
    await transaction.put(places.secrets, encodeDeviceSecrets(secrets));
    await transaction.put(place, encode(storedChainCodec, { version: 1, handle, statements: encodeStatements(chain) }));
    return chain;
  });
}
