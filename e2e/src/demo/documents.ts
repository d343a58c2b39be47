import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, deflateSync } from "node:zlib";
import { makeFile } from "../support/make-files.ts";

export interface FolderPlan {
  readonly largeBytes: number;
  readonly smallFiles: number;
  /** In every name, title and text. */
  readonly canary: string;
}

/** A folder as people have them: a letter, a picture, something very large and very many small things. @returns its name */
export function makeDocuments(parent: string, { largeBytes, smallFiles, canary }: FolderPlan): string {
  const name = `Merger ${canary}`;
  const folder = join(parent, name);
  put(
    join(folder, `term-sheet-${canary}.pdf`),
    pdf(`Term sheet ${canary}`, [
      "We offer 4.2 million for all shares.",
      `Reference ${canary}`,
      "Strictly confidential.",
    ]),
  );
  put(join(folder, "photos", `site-${canary}.png`), png(960, 600, `Photo of the site, ${canary}`));
  makeFile(join(folder, `ledger-${canary}.bin`), largeBytes, `ledger ${canary}`);
  for (let i = 0; i < smallFiles; i++) {
    const path = join(
      folder,
      "invoices",
      String(Math.floor(i / 200)).padStart(2, "0"),
      `invoice-${String(i).padStart(4, "0")}-${canary}.txt`,
    );
    put(path, Buffer.from(`Invoice ${i} ${canary}\n${"item 1 x 19.90\n".repeat(1 + (i % 60))}`));
  }
  return name;
}

function put(path: string, bytes: Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** A PDF 1.4 file of one page, ISO 32000-1 §7.5. */
export function pdf(title: string, lines: readonly string[]): Buffer {
  const text = lines.map((line) => `(${line}) Tj 0 -24 Td`).join("\n");
  const page = `BT /F1 14 Tf 72 740 Td\n${text}\nET`;
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
    `<< /Length ${page.length} >>\nstream\n${page}\nendstream`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    `<< /Title (${title}) >>`,
  ];
  let body = "%PDF-1.4\n";
  const offsets = objects.map((object, i) => {
    const offset = body.length;
    body += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join("");
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${body.length}\n%%EOF\n`;
  return Buffer.from(`${body}xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}${trailer}`, "latin1");
}

/** A PNG picture: evening sky over water, with a description inside. */
export function png(width: number, height: number, description: string): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows.set(colourAt(x / width, y / height), y * (1 + width * 3) + 1 + x * 3);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk("IHDR", header),
    pngChunk("tEXt", Buffer.from(`Description\0${description}`, "latin1")),
    pngChunk("IDAT", deflateSync(rows)),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  out.set(body, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function colourAt(x: number, y: number): readonly [number, number, number] {
  const sun = Math.max(0, 1 - Math.hypot((x - 0.7) * 1.6, y - 0.45) * 5);
  const wave = y > 0.6 ? 14 * Math.sin(x * 90 + y * 240) : 0;
  const at = (top: number, bottom: number): number =>
    Math.max(0, Math.min(255, Math.round(top + (bottom - top) * y + sun * 160 + wave)));
  return [at(40, 220), at(60, 120), at(120, 70)];
}
