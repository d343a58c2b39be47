export { isTransferPath, type Manifest, manifestCodec, manifestHash, manifestLimits } from "./manifest.ts";
export {
  decodeReceiptFile,
  encodeReceiptFile,
  type ReceiptFile,
  type ReceiptStatement,
  receiptSigningBytes,
  receiptStatementCodec,
  type SignedReceipt,
  signedReceiptCodec,
  type VerifiedReceipt,
  verifyReceipt,
  verifyReceiptFile,
} from "./receipt.ts";
