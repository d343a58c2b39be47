import { InternalError } from "@bulla/wire";

const placePattern = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;
const prefixPattern = /^([A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*\/?)?$/;
const maxPlaceBytes = 512;

/** A key of a store: plain words and hex joined by `/`. Keys are not sealed, so nothing that names a person or a file fits: no `@`, no space, nothing outside ASCII.
 *  @throws InternalError for any other key */
export function assertPlace(key: string): void {
  if (key.length > maxPlaceBytes || !placePattern.test(key))
    throw new InternalError("store key is not plain words joined by '/'");
}

/** @throws InternalError for a prefix that no key could begin with */
export function assertPlacePrefix(prefix: string): void {
  if (prefix.length > maxPlaceBytes || !prefixPattern.test(prefix))
    throw new InternalError("store prefix is not plain words joined by '/'");
}
