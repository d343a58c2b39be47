export { errorSentences } from "./error-sentences.ts";
export { type ExitCode, exitCodes } from "./exit-codes.ts";
export { explainError } from "./report-error.ts";
export type {
  ContactJson,
  DeviceJson,
  FileJson,
  ReceiptShownJson,
  ReceiptVerifiedJson,
  ReceivedJson,
  RefusedJson,
  SentJson,
  WaitingJson,
} from "./result-lines.ts";
export type { CardJson } from "./whoami.ts";
