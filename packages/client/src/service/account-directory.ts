import { limits } from "@bulla/wire";
import {
  accountAnswerCodec,
  type CapabilityChange,
  type ClaimAnswer,
  capabilityChangeCodec,
  claimAnswerCodec,
  type KeyPackageUpload,
  keyPackageUploadCodec,
  type PoolState,
  poolStateCodec,
  routes,
} from "@bulla/wire/api";
import { decodeSignedStatement, type SignedStatement, signedStatementCodec } from "@bulla/wire/identity";
import { type Ask, cborBody, decodeAnswerBody, type Exchange, speakerOf } from "./exchange.ts";
import { badAnswer } from "./service-refusal.ts";

/** Chains and KeyPackages. Nothing that comes back is verified here beyond its shape. */
export interface AccountDirectory {
  /** Signed by the device that the statement certifies. @throws BullaError service/conflict when the name is taken */
  createAccount(name: string, statement: SignedStatement): Promise<void>;
  /** The statements of an account's chain from index `from` on. @throws BullaError service/not-found */
  getStatements(name: string, from: number): Promise<readonly SignedStatement[]>;
  /** Signed. @throws BullaError identity/bad-chain, or service/conflict, when the chain went on meanwhile */
  appendStatement(name: string, statement: SignedStatement): Promise<void>;
  /** Signed. */
  uploadKeyPackages(upload: KeyPackageUpload): Promise<PoolState>;
  /** Signed. */
  poolState(): Promise<PoolState>;
  /** One KeyPackage of each active device of the account that has one. Signed when there is a signer: a service lets its own accounts claim more. */
  claimKeyPackages(name: string): Promise<ClaimAnswer>;
  /** Signed. */
  changeCapabilities(change: CapabilityChange): Promise<void>;
}

export function createAccountDirectory(exchange: Exchange): AccountDirectory {
  return {
    async createAccount(name: string, statement: SignedStatement): Promise<void> {
      await exchange.askSigned({
        method: "PUT",
        path: routes.account(name),
        body: cborBody(signedStatementCodec, statement),
        expect: "nothing",
        maxAnswerBytes: 0,
      });
    },
    async getStatements(name: string, from: number): Promise<readonly SignedStatement[]> {
      const maxAnswerBytes = (limits.maxStatementBytes + 300) * limits.maxChainStatements + 20_000;
      const body = await exchange.ask({
        method: "GET",
        path: `${routes.account(name)}?from=${from}`,
        expect: "cbor",
        maxAnswerBytes,
      });
      return decodeAnswerBody(accountAnswerCodec, body, maxAnswerBytes).statements.map(statementOf);
    },
    async appendStatement(name: string, statement: SignedStatement): Promise<void> {
      await exchange.askSigned({
        method: "POST",
        path: routes.statements(name),
        body: cborBody(signedStatementCodec, statement),
        expect: "nothing",
        maxAnswerBytes: 0,
      });
    },
    async uploadKeyPackages(upload: KeyPackageUpload): Promise<PoolState> {
      return askPoolState(exchange, "PUT", cborBody(keyPackageUploadCodec, upload));
    },
    async poolState(): Promise<PoolState> {
      return askPoolState(exchange, "GET");
    },
    async claimKeyPackages(name: string): Promise<ClaimAnswer> {
      const maxAnswerBytes = (limits.maxKeyPackageBytes + 64) * limits.maxDevicesPerAccount;
      const ask: Ask = { method: "POST", path: routes.claims(name), expect: "cbor", maxAnswerBytes };
      const body = await (exchange.signer === undefined ? exchange.ask(ask) : exchange.askSigned(ask));
      return decodeAnswerBody(claimAnswerCodec, body, maxAnswerBytes);
    },
    async changeCapabilities(change: CapabilityChange): Promise<void> {
      const { name, deviceId } = speakerOf(exchange);
      await exchange.askSigned({
        method: "PUT",
        path: routes.capabilities(name, deviceId),
        body: cborBody(capabilityChangeCodec, change),
        expect: "nothing",
        maxAnswerBytes: 0,
      });
    },
  };
}

async function askPoolState(
  exchange: Exchange,
  method: "GET" | "PUT",
  body?: NonNullable<Ask["body"]>,
): Promise<PoolState> {
  const { name, deviceId } = speakerOf(exchange);
  const path = routes.keyPackages(name, deviceId);
  return decodeAnswerBody(
    poolStateCodec,
    await exchange.askSigned({
      method,
      path,
      ...(body === undefined ? {} : { body }),
      expect: "cbor",
      maxAnswerBytes: 256,
    }),
    256,
  );
}

function statementOf(encoded: Uint8Array): SignedStatement {
  try {
    return decodeSignedStatement(encoded);
  } catch (cause) {
    throw badAnswer("service answered with something else than statements", cause);
  }
}
