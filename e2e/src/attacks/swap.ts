/** One check and its permissive twin. */
export type Swap =
  /** The whole function of that name. */
  | { readonly file: string; readonly function: string; readonly by: string }
  /** Some code; spaces, line breaks and commas before a closing bracket do not matter. */
  | { readonly file: string; readonly code: string; readonly by: string };
