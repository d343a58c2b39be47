import type { ChainBook } from "@bulla/core";
import { BullaError, equalBytes, type Handle, hexOf, isBullaError, splitHandle } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import {
  checkPin,
  decodeSignedStatement,
  extendChain,
  pinOf,
  type SignedStatement,
  signedStatementCodec,
  type VerifiedChain,
  verifyChain,
} from "@bulla/wire/identity";
import type { StoreTransaction } from "../ports.ts";
import type { Account } from "./account.ts";
import { handlePlace, places } from "./places.ts";
import type { Services } from "./services.ts";
import { storedChainCodec } from "./stored.ts";

/** The identity chains this device has verified. What was seen once is pinned: a changed or shortened chain is refused, whoever shows it. */
export class ChainShelf implements ChainBook {
  readonly #account: Account;
  readonly #services: Services;
  readonly #known = new Map<Handle, VerifiedChain>();

  constructor(account: Account, services: Services) {
    this.#account = account;
    this.#services = services;
  }

  /** Only what was loaded or looked up in this run. */
  chainOf(handle: Handle): VerifiedChain | undefined {
    return this.#known.get(handle);
  }

  /** What is stored of these accounts, without asking anybody. */
  async load(handles: Iterable<Handle>): Promise<void> {
    for (const handle of handles) await this.stored(handle);
  }

  async stored(handle: Handle): Promise<VerifiedChain | undefined> {
    const known = this.#known.get(handle);
    if (known !== undefined) return known;
    const { store, primitives } = this.#account;
    const stored = await store.get(places.chain(handlePlace(primitives, handle)));
    if (stored === undefined) return undefined;
    const { statements } = decode(storedChainCodec, stored, { maxBytes: 16 * 1024 * 1024 });
    const chain = await verifyChain(primitives, handle, statements.map(decodeSignedStatement));
    this.#known.set(handle, chain);
    return chain;
  }

  /** Ask the account's home service for the chain as it is now. @param atLeast a position that must be there, or it is waited for
   *  @throws BullaError contact/unknown-recipient, identity/chain-shortened, identity/pin-mismatch, identity/bad-chain, transport/* */
  async lookup(handle: Handle): Promise<VerifiedChain> {
    const pinned = await this.stored(handle);
    const { name, host } = splitHandle(handle);
    const { client } = await this.#services.link(host);
    const from = pinned === undefined ? 0 : pinned.position - 1;
    const statements = await client.getStatements(name, from).catch((error: unknown) => {
      if (!isBullaError(error, "service/not-found")) throw error;
      if (pinned !== undefined) throw shortened(error);
      throw new BullaError("contact/unknown-recipient", "nobody has that handle", {
        cause: error,
        about: handle,
        hint: "check the spelling; a handle is name@host",
      });
    });
    const chain = await this.#extend(handle, pinned, statements);
    await this.#account.store.step((transaction) => this.keep(transaction, chain));
    return chain;
  }

  /** Compare a chain that came some other way with what is pinned, and keep the longer one.
   *  @throws BullaError identity/pin-mismatch */
  async compare(chain: VerifiedChain): Promise<void> {
    const pinned = await this.stored(chain.handle);
    if (pinned === undefined) return;
    const position = Math.min(chain.position, pinned.position);
    checkPin(
      chain.position >= pinned.position ? chain : pinned,
      pinOf(chain.position >= pinned.position ? pinned : chain, position),
    );
  }

  /** Store a verified chain as part of a step. Never a shorter or another one than before. */
  async keep(transaction: StoreTransaction, chain: VerifiedChain): Promise<void> {
    const { primitives } = this.#account;
    const place = places.chain(handlePlace(primitives, chain.handle));
    const before = await transaction.get(place);
    if (before !== undefined) {
      const { statements } = decode(storedChainCodec, before, { maxBytes: 16 * 1024 * 1024 });
      const previous = await verifyChain(primitives, chain.handle, statements.map(decodeSignedStatement));
      checkPin(chain, pinOf(previous));
      if (previous.position === chain.position) {
        this.#known.set(chain.handle, chain);
        return;
      }
    }
    await transaction.put(
      place,
      encode(storedChainCodec, { version: 1, handle: chain.handle, statements: encodeStatements(chain) }),
    );
    this.#known.set(chain.handle, chain);
  }

  async #extend(
    handle: Handle,
    pinned: VerifiedChain | undefined,
    statements: readonly SignedStatement[],
  ): Promise<VerifiedChain> {
    const { primitives } = this.#account;
    if (pinned === undefined) return verifyChain(primitives, handle, statements);
    const [overlap, ...rest] = statements;
    const last = pinned.statements.at(-1);
    if (overlap === undefined || last === undefined) throw shortened();
    if (!equalBytes(encode(signedStatementCodec, overlap), encode(signedStatementCodec, last))) {
      throw new BullaError("identity/pin-mismatch", "identity chain differs from the one seen before", {
        hint: "the service shows a different identity for this person than before; nothing was sent. Ask the person another way",
      });
    }
    let chain = pinned;
    for (const statement of rest) chain = await extendChain(primitives, chain, statement);
    return chain;
  }
}

export function encodeStatements(chain: VerifiedChain): readonly Uint8Array[] {
  return chain.statements.map((statement) => encode(signedStatementCodec, statement));
}

/** The account's first link, for people who compare. */
export function fingerprintOf(chain: VerifiedChain): string {
  return hexOf(chain.createFingerprint);
}

function shortened(cause?: unknown): BullaError {
  return new BullaError("identity/chain-shortened", "the service shows less of an identity chain than it did before", {
    cause,
    hint: "the service shows an older identity than before; nothing was sent. Try later, and ask the person if it stays so",
  });
}
