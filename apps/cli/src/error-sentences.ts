import type { ErrorCode } from "@bulla/wire";
import { type ExitCode, exitCodes } from "./exit-codes.ts";

/** What the person is told about a code. */
export interface ErrorSentence {
  readonly exit: ExitCode;
  readonly sentence: string;
  /** Used when the error brings none of its own. */
  readonly hint: string;
  /** `own`: the error's message is for people already and stands alone. `detail`: it follows the sentence in brackets. `hidden`: it is not shown. */
  readonly message: "own" | "detail" | "hidden";
}

const { failed, usage, unknown, refused, unreachable, interrupted } = exitCodes;

const own = (exit: ExitCode, sentence: string, hint: string): ErrorSentence => ({
  exit,
  sentence,
  hint,
  message: "own",
});
const detail = (exit: ExitCode, sentence: string, hint: string): ErrorSentence => ({
  exit,
  sentence,
  hint,
  message: "detail",
});
const hidden = (exit: ExitCode, sentence: string, hint: string): ErrorSentence => ({
  exit,
  sentence,
  hint,
  message: "hidden",
});

const again = "run the same command again; nothing that was finished is lost";
const askPerson = "nothing was taken over; ask the person over another channel before you go on";
const askResend = "nothing of it was kept; ask the sender to send it again";
const askOperator = "try again later; if it stays so, tell whoever runs the service";
const update = "update bulla, then try again";
const backup = "restore the device's folder from a backup";
const report = "please report this at the project's issue tracker; no content is in this message";

/** The one place where codes become words. Every code has a row; the type sees to it. */
export const errorSentences: Readonly<Record<ErrorCode, ErrorSentence>> = {
  "wire/malformed": detail(refused, "what was read is not in the expected form", "it may be damaged: fetch it again"),
  "wire/too-large": own(refused, "something is larger than its limit", "split it, then try again"),
  "wire/unsupported-version": detail(refused, "this comes from a newer version of bulla", update),
  "wire/bad-handle": own(
    usage,
    "that is not a handle",
    "a handle is name@host, or name for somebody of the own service",
  ),

  "identity/bad-chain": detail(refused, "the identity that the service shows is not valid", askPerson),
  "identity/bad-signature": detail(refused, "a signature in an identity is wrong", askPerson),
  "identity/unknown-device": own(refused, "it is signed by a device that the account does not have", askPerson),
  "identity/suspended-device": own(refused, "it is signed by a device that had been removed", askPerson),
  "identity/pin-mismatch": own(refused, "the identity of this person is not the one seen before", askPerson),
  "identity/chain-shortened": own(refused, "the service shows an older identity than before", askPerson),
  "identity/unsupported-statement": own(refused, "the identity holds a statement of a newer version", update),

  "core/open-failed": own(
    refused,
    "it does not open: the key is wrong or the content was changed",
    "nothing of it was kept; fetch it again, or check the key",
  ),
  "core/bad-key": own(refused, "that is not a key", "check the file"),

  "space/refused-commit": detail(refused, "a change of members was refused", askOperator),
  "space/refused-opening": detail(refused, "the start of a chapter was refused", askOperator),
  "space/refused-closing": detail(refused, "the end of a chapter was refused", askOperator),
  "space/refused-record": detail(refused, "a record was refused", askOperator),
  "space/refused-welcome": detail(refused, "an invitation was refused", "ask the sender to send again"),
  "space/refused-constitution": detail(refused, "a list of members was refused", askOperator),
  "space/not-a-member": own(refused, "this account is no longer a member there", "ask one of the members"),
  "space/fork": detail(refused, "two histories of one conversation were seen; nothing more is sent there", askPerson),
  "space/rolled-back": detail(
    refused,
    "the service lost part of a conversation, or hides it; nothing more is sent there",
    "ask the person, then run bulla contacts accept HANDLE to begin anew",
  ),
  "space/gap": detail(refused, "something that was said before is missing", askPerson),
  "space/unknown": own(unknown, "that space is not known here", "check the name"),
  "space/not-allowed": own(failed, "the rules of that space do not allow it", "ask one of its owners"),
  "space/busy": own(failed, "another process works on the same conversation", again),

  "blob/refused": detail(refused, "received bytes were refused: they are not what was sent", askResend),
  "blob/source-changed": own(
    failed,
    "a file changed while it was being sent",
    "send it again when nothing writes to it any more",
  ),
  "blob/missing-chunk": own(
    failed,
    "the service does not have all the bytes yet",
    "try again later; if it stays so, ask the sender to send it again",
  ),
  "blob/expired": own(failed, "what was sent is past its day", "ask the sender to send it again"),
  "transfer/unknown": own(unknown, "no such transfer is known here", "bulla sent lists what this device sent"),
  "transfer/refused": own(refused, "a transfer was refused", askResend),
  "transfer/source-unreadable": own(
    failed,
    "something that is to be sent cannot be read",
    "check the path and who may read it",
  ),
  "transfer/empty": own(failed, "there is no file to send", "empty folders are not sent; put a file into it"),
  "receipt/none": own(
    unknown,
    "there is no receipt for that transfer yet",
    "it comes when the recipient has kept all of it; try again later",
  ),
  "receipt/refused": own(refused, "that receipt is not valid", "do not rely on it; ask for it again"),

  "age/no-identity-matched": own(
    refused,
    "no key or passphrase given opens this file",
    "check the key or passphrase, and for whom the file was sealed",
  ),
  "age/malformed": own(refused, "that is not a readable age file", "it may be damaged: fetch it again"),
  "age/bad-recipient": own(
    usage,
    "that is not an age recipient",
    "a recipient begins with age1; post-quantum and classical ones cannot be mixed",
  ),

  "store/locked": own(failed, "another process uses this device", "wait for it to end, then run this again"),
  "store/corrupt": own(refused, "this device's folder is damaged", backup),
  "store/exists": own(
    failed,
    "that folder is in use already",
    "use the device that is there, or choose another folder with --home",
  ),
  "store/missing": own(
    failed,
    "there is no device here",
    "run bulla init first, or name the device's folder with --home",
  ),
  "store/wrong-passphrase": own(refused, "that is not the passphrase of this device", "try again"),
  "store/unsupported-version": own(failed, "this device's folder comes from a newer version", update),
  "store/kdf-floor": own(refused, "the lock of this device is weaker than it may be", backup),
  "file/exists": own(failed, "there is something under that name already", "choose another name with -o"),
  "file/unreadable": own(failed, "a file cannot be read", "check the path and who may read it"),
  "file/unwritable": own(failed, "a file cannot be written", "choose another folder"),
  "file/is-directory": own(usage, "a folder stands where a file is wanted", "name a file; for a folder use tar"),
  "file/no-space": own(failed, "no space left to write to", "free some space, then run this again"),

  "transport/unreachable": own(
    unreachable,
    "the service cannot be reached",
    "check the network, then run the same command again",
  ),
  "transport/insecure": own(
    refused,
    "the connection to the service is not secure",
    "use https; plain http is for this machine only",
  ),
  "transport/refused-address": own(
    refused,
    "the service's address is not a public one",
    "ask whoever runs that service",
  ),
  "transport/bad-answer": detail(
    failed,
    "the answer did not come from a bulla service",
    "check the address of the service, and whether something stands in between",
  ),

  "service/malformed": detail(
    failed,
    "the service did not understand the request",
    "check the date of this machine and of the service, and whether bulla is up to date",
  ),
  "service/not-found": detail(unknown, "the service does not know that", "check the name"),
  "service/unauthorized": detail(
    failed,
    "the service did not accept this device's signature",
    "check that the clock of this machine is right, then try again",
  ),
  "service/forbidden": detail(failed, "the service does not allow that", askOperator),
  "service/conflict": own(
    failed,
    "the service holds something else under that name",
    "if this is bulla init: the handle may be taken, choose another",
  ),
  "service/closed": detail(failed, "the conversation moved on meanwhile", again),
  "service/expired": detail(failed, "the service no longer has it", "ask the sender to send it again"),
  "service/too-large": detail(failed, "the service does not take anything that large", "send less at once"),
  "service/rate-limited": detail(
    failed,
    "the service asks for patience",
    "wait a little, then run the same command again",
  ),
  "service/quota": detail(
    failed,
    "the account's room at the service is used up",
    "wait for older transfers to expire, or ask whoever runs the service for more",
  ),
  "service/unavailable": detail(unreachable, "the service is not available", again),
  "service/internal": detail(failed, "something went wrong in the service", askOperator),

  "contact/unknown-recipient": own(
    unknown,
    "nobody has that handle",
    "check the spelling: name for the own service, name@host for another",
  ),
  "contact/no-device": own(
    unknown,
    "that person has no device that could receive",
    "ask them to sign in once, then run this again",
  ),
  "contact/blocked": own(refused, "that person is blocked", "bulla contacts unblock HANDLE undoes it"),
  "contact/not-accepted": own(refused, "that person waits to be accepted", "bulla contacts accept HANDLE lets them in"),

  "cli/usage": own(usage, "that is not how it is used", "bulla --help"),
  "cli/interrupted": own(
    interrupted,
    "interrupted",
    "run the same command again: it goes on with what is not done yet",
  ),
  "internal/bug": hidden(failed, "something unexpected happened; this is a mistake in bulla", report),
};
