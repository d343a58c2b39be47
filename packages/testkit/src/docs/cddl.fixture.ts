import type { Codec, Shape } from "@bulla/wire/encoding";

/** Codecs by the name of their rule. */
export type Rules = Readonly<Record<string, Pick<Codec<never>, "shape">>>;

/** CDDL (RFC 8610) of codecs, from their shapes. A shape that has a rule of its own is named there and not repeated. */
export function cddlOf(rules: Rules, known: Rules = {}): string {
  const names = new Map([...Object.entries(known), ...Object.entries(rules)].map(([name, { shape }]) => [shape, name]));
  const lines = Object.entries(rules).map(([name, { shape }]) => `${name} = ${typeOf(shape, names, "", name).text}`);
  return `\`\`\`cddl\n${lines.join("\n\n")}\n\`\`\`\n`;
}

type Names = ReadonlyMap<Shape, string>;

interface Type {
  readonly text: string;
  /** What CDDL cannot say. */
  readonly note?: string;
}

function typeOf(shape: Shape, names: Names, indent: string, own?: string): Type {
  const known = names.get(shape);
  if (known !== undefined && known !== own) return { text: known };
  switch (shape.kind) {
    case "uint":
      return { text: shape.max === Number.MAX_SAFE_INTEGER ? "uint" : `0..${shape.max}` };
    case "constant":
      return { text: `${shape.value}` };
    case "bytes":
      return { text: sized("bstr", shape) };
    case "text":
      return { text: sized("tstr", shape) };
    case "flag":
      return { text: "bool" };
    case "nullable":
      return around(typeOf(shape.of, names, indent), (text) => `${text} / null`);
    case "list":
      return around(typeOf(shape.of, names, indent), (text) => `[0*${shape.max} ${text}]`);
    case "refined":
      return { text: typeOf(shape.of, names, indent).text, note: shape.what };
    case "struct":
      return { text: structText(shape.fields, names, indent) };
    case "variant":
      return { text: variantText(shape.cases, names, indent) };
  }
}

function structText(fields: Readonly<Record<string, Shape>>, names: Names, indent: string): string {
  const lines = Object.entries(fields).map(([name, field]) => {
    const { text, note } = typeOf(field, names, `${indent}  `);
    return `${indent}  ${kebab(name)}: ${text},${note === undefined ? "" : ` ; ${note}`}\n`;
  });
  return lines.length === 0 ? "[]" : `[\n${lines.join("")}${indent}]`;
}

type Cases = Extract<Shape, { kind: "variant" }>["cases"];

function variantText(cases: Cases, names: Names, indent: string): string {
  const inner = `${indent}    `;
  const lines = Object.entries(cases).map(
    ([name, { tag, shape }], i) =>
      `${indent}  ${i === 0 ? "  " : "/ "}[${tag}, ${typeOf(shape, names, inner).text}] ; ${kebab(name)}\n`,
  );
  return `(\n${lines.join("")}${indent})`;
}

function around({ text, note }: Type, wrap: (text: string) => string): Type {
  return note === undefined ? { text: wrap(text) } : { text: wrap(text), note };
}

function sized(type: "bstr" | "tstr", { min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? `${type} .size ${max}` : `${type} .size (${min}..${max})`;
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
