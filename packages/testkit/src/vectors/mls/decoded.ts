import { type Decoder, decodeMlsMessage, type MLSMessage } from "ts-mls";
import { hexBytes } from "../vector-bytes.ts";

/** Decode all of the bytes. @throws Error when they are another thing or when bytes are left over */
export function decoded<T>(decode: Decoder<T>, hex: string): T {
  const bytes = hexBytes(hex);
  const result = decode(bytes, 0);
  if (result === undefined || result[1] !== bytes.length) throw new Error("the vector does not decode");
  return result[0];
}

/** The MLSMessage of one wire format. */
export function decodedMessage<Format extends MLSMessage["wireformat"]>(
  format: Format,
  hex: string,
): Extract<MLSMessage, { wireformat: Format }> {
  const message = decoded(decodeMlsMessage, hex);
  if (!isFormat(message, format)) throw new Error(`the vector is ${message.wireformat}, expected ${format}`);
  return message;
}

function isFormat<Format extends MLSMessage["wireformat"]>(
  message: MLSMessage,
  format: Format,
): message is Extract<MLSMessage, { wireformat: Format }> {
  return message.wireformat === format;
}
