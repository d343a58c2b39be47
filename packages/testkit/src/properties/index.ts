export { flipBit, mutationsOf } from "./mutated-bytes.ts";
export { readsOneSpelling } from "./one-spelling.ts";
export { cborItems, encodingsOf, valuesOf } from "./shape-arbitrary.ts";
