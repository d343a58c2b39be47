import { BullaError, equalBytes, type Handle, limits, parseHandle, type Verifier } from "@bulla/wire";
import { decode } from "@bulla/wire/encoding";
import {
  decodeSignedStatement,
  extendChain,
  type SignedStatement,
  statementCodec,
  type VerifiedChain,
  verifyChain,
} from "@bulla/wire/identity";
import type { DirectoryStore } from "../storage/directory-store.ts";

const maxKeptChains = 4096;

/** Accounts and their identity chains. Every statement is verified before it is stored, so what the directory serves is never rubbish; clients verify all the same. */
export class Accounts {
  readonly #store: DirectoryStore;
  readonly #verifier: Verifier;
  readonly #host: () => string;
  readonly #chains = new Map<string, VerifiedChain>();

  /** `host` is the part of a handle that names this service. */
  constructor(store: DirectoryStore, verifier: Verifier, host: () => string) {
    this.#store = store;
    this.#verifier = verifier;
    this.#host = host;
  }

  /** @throws BullaError wire/bad-handle – the name cannot be one */
  handleOf(name: string): Handle {
    if (name.includes("@") || name !== name.toLowerCase())
      throw new BullaError("wire/bad-handle", "that is not a name");
    return parseHandle(name, this.#host());
  }

  /** The chain of an account; undefined when there is no such account. */
  async find(name: string): Promise<VerifiedChain | undefined> {
    const kept = this.#chains.get(name);
    if (kept !== undefined) return kept;
    const statements = await this.#store.statements(name, 0);
    if (statements === undefined) return undefined;
    const chain = await verifyChain(this.#verifier, this.handleOf(name), statements.map(decodeSignedStatement));
    return this.#keep(name, chain);
  }

  /** @throws BullaError service/not-found */
  async get(name: string): Promise<VerifiedChain> {
    const chain = await this.find(name);
    if (chain === undefined) throw new BullaError("service/not-found", "there is no such account");
    return chain;
  }

  /** Starts an account. The same first statement once more is fine.
   *  @throws BullaError service/conflict – the name is taken; identity/… – the statement is wrong */
  async create(name: string, bytes: Uint8Array, signed: SignedStatement): Promise<void> {
    const chain = await verifyChain(this.#verifier, this.handleOf(name), [signed]);
    const outcome = await this.#store.append(name, 0, bytes);
    if (outcome === "conflict")
      throw new BullaError("service/conflict", "the name is taken", { hint: "choose another name" });
    if (outcome === "appended") this.#keep(name, chain);
  }

  /** Adds one statement to an account's chain. A statement that the chain has already is fine.
   *  @throws BullaError service/conflict – another statement came first; identity/… – the statement is wrong */
  async append(name: string, bytes: Uint8Array, signed: SignedStatement): Promise<void> {
    const before = await this.get(name);
    const { index, previous } = decode(statementCodec, signed.statement, { maxBytes: limits.maxStatementBytes });
    const link = before.hashes[index - 1];
    if (index > 0 && index < before.position && link !== undefined && equalBytes(link, previous)) {
      // A right statement for a place that is taken: repeated after a lost answer, or the loser of a race.
      const [taken] = (await this.#store.statements(name, index)) ?? [];
      if (taken !== undefined && equalBytes(taken, bytes)) return;
      throw conflict();
    }
    const chain = await extendChain(this.#verifier, before, signed);
    const outcome = await this.#store.append(name, before.position, bytes);
    if (outcome === "conflict") throw conflict();
    this.#keep(name, chain);
  }

  #keep(name: string, chain: VerifiedChain): VerifiedChain {
    this.#chains.delete(name);
    this.#chains.set(name, chain);
    const oldest = this.#chains.keys().next();
    if (this.#chains.size > maxKeptChains && oldest.done !== true) this.#chains.delete(oldest.value);
    return chain;
  }
}

const conflict = (): BullaError =>
  new BullaError("service/conflict", "another statement came first", {
    hint: "fetch the account's chain again and build on it",
  });
