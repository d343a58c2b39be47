import { BullaError, isBullaError } from "@bulla/wire";

/** What a failed socket means for a person. Certificates that do not hold are no outage: they are not worth a retry. */
export function transportFailure(cause: unknown): BullaError {
  const refused = ourErrorIn(cause);
  if (refused !== undefined) return refused;
  if (certificateErrors.test(codeOf(cause))) {
    return new BullaError("transport/insecure", "certificate of the service is not valid for it", {
      cause,
      hint: "ask whoever runs the service to renew its certificate",
    });
  }
  return unreachable("service cannot be reached", cause);
}

export function unreachable(message: string, cause?: unknown): BullaError {
  return new BullaError("transport/unreachable", message, {
    cause,
    hint: "check the network, and that the service is running",
  });
}

const certificateErrors = /CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|ERR_TLS|HOSTNAME_MISMATCH|^ERR_SSL/;

/** Errors of the lookup arrive inside errors of the socket. */
function ourErrorIn(cause: unknown): BullaError | undefined {
  if (isBullaError(cause)) return cause;
  return cause instanceof AggregateError
    ? cause.errors.map(ourErrorIn).find((error) => error !== undefined)
    : undefined;
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "";
}
