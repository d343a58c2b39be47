/** Where the official test vectors lie, or why they do not. */
export type VectorFolder =
  | { readonly kind: "found"; readonly path: string }
  | { readonly kind: "missing"; readonly reason: string };
