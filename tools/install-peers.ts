// Installs Debian packages that the bench asks for, as a JSON list of {binary, debianPackage}. Elsewhere than as root on Debian it does nothing.
import { installMissingPeers } from "./peers.ts";

const wanted: unknown = JSON.parse(process.argv[2] ?? "[]");
if (!Array.isArray(wanted) || !wanted.every(isPeer)) throw new Error("that is not a list of peers");
installMissingPeers(wanted);

function isPeer(value: unknown): value is { readonly binary: string; readonly debianPackage: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "binary" in value &&
    typeof value.binary === "string" &&
    "debianPackage" in value &&
    typeof value.debianPackage === "string"
  );
}
