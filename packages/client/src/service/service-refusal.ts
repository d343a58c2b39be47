import { BullaError, type BullaErrorOptions, isErrorCode } from "@bulla/wire";
import { errorAnswerSchema, statusOfCode } from "@bulla/wire/api";
import type { TransportAnswer } from "../ports.ts";

/** The error that an HTTP refusal stands for. A code that no service may say, or none at all, is `transport/bad-answer`;
 *  what a proxy before the service answers while the service is away is `service/unavailable`. */
export function refusalOf(answer: TransportAnswer): BullaError {
  const said = errorAnswerSchema.safeParse(jsonOf(answer.body));
  if (said.success) return refusal(said.data.error.code, said.data.error.message, said.data.error.hint);
  if (proxyOutages.includes(answer.status))
    return new BullaError("service/unavailable", "service is not available at the moment", {
      hint: "try again in a while",
    });
  return badAnswer(`service answered with status ${answer.status} and no reason`);
}

/** The error for a code and a message that came from the service. Only codes that a service may say keep their meaning, and its words are shown bounded and printable. */
export function refusal(code: string, message: string, hint?: string): BullaError {
  if (!isErrorCode(code) || !Object.hasOwn(statusOfCode, code))
    return badAnswer("service refused with a code that it may not use");
  const options: BullaErrorOptions = hint === undefined ? {} : { hint: `the service suggests: ${printable(hint)}` };
  return new BullaError(code, `service refused: ${printable(message)}`, options);
}

/** An answer that is none: the service is broken, or lies. */
export function badAnswer(message: string, cause?: unknown): BullaError {
  return new BullaError("transport/bad-answer", message, {
    cause,
    hint: "check the address of the service, and whether bulla here and there are up to date",
  });
}

const proxyOutages: readonly number[] = [502, 503, 504];
const maxShownCharacters = 160;

/** ASCII without control characters, so that nothing the service says moves a cursor or reads backwards. */
function printable(text: string): string {
  const cleaned = text.replace(/[^\x20-\x7e]/g, "?");
  return cleaned.length > maxShownCharacters ? `${cleaned.slice(0, maxShownCharacters)}...` : cleaned;
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
