export {
  activeDevice,
  activeDevices,
  type ChainDevice,
  type ChainPin,
  chainPinCodec,
  checkPin,
  extendChain,
  pinOf,
  type VerifiedChain,
  verifyChain,
} from "./chain.ts";
export {
  type DeviceCertificate,
  type DeviceKeys,
  deviceCertificateCodec,
  deviceKeysCodec,
  possessionBytes,
  verifyPossession,
} from "./device-certificate.ts";
export {
  createFingerprint,
  decodeSignedStatement,
  handleCodec,
  type SignedStatement,
  type Statement,
  type StatementBody,
  signedStatementCodec,
  statementCodec,
  statementHash,
  statementSigningBytes,
} from "./statement.ts";
