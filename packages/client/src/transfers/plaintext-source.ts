import type { PlaintextSource, SourcePart } from "../ports.ts";

export function createPlaintextSource(parts: readonly SourcePart[]): PlaintextSource {
  const starts: number[] = [];
  let size = 0;
  for (const part of parts) {
    starts.push(size);
    size += lengthOf(part);
  }
  return {
    size,
    parts,
    slice(start, end) {
      const out: SourcePart[] = [];
      for (let i = lastAtOrBefore(starts, start); i < parts.length && (starts[i] ?? end) < end; i++) {
        const part = parts[i];
        const partStart = starts[i];
        if (part === undefined || partStart === undefined) break;
        const from = Math.max(0, start - partStart);
        const to = Math.min(lengthOf(part), end - partStart);
        if (to > from) out.push(cut(part, from, to));
      }
      return out;
    },
  };
}

function lengthOf(part: SourcePart): number {
  return part.kind === "file" ? part.length : part.bytes.length;
}

function cut(part: SourcePart, from: number, to: number): SourcePart {
  if (part.kind === "file") return { ...part, offset: part.offset + from, length: to - from };
  const bytes = part.bytes.subarray(from, to);
  // Posting a view copies all of its buffer unless that is shared, so only what is needed goes along.
  return { kind: "bytes", bytes: part.bytes.buffer instanceof SharedArrayBuffer ? bytes : new Uint8Array(bytes) };
}

function lastAtOrBefore(starts: readonly number[], position: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= position) low = middle;
    else high = middle;
  }
  return low;
}
