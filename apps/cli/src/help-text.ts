import {
  type CommandName,
  commandNames,
  commandSpec,
  everywhere,
  isCommandName,
  isOptionName,
  type OptionName,
  optionSpec,
  servicePrograms,
} from "./command-table.ts";
import { version } from "./version.ts";

/** The overview: every command in one line. */
export function overviewText(): string {
  const lines = commandNames.map((name) => [name, commandSpec(name).summary] as const);
  return `bulla ${version}: send files that nobody on the way can read

usage: bulla COMMAND [OPTIONS]

${columns([...lines, ...Object.entries(servicePrograms)])}

bulla COMMAND --help says more about one of them.

Everywhere:
${optionLines(everywhere)}

Exit codes: 0 done, 1 failed, 2 usage, 3 unknown recipient, transfer or space, 4 refused for safety,
5 service unreachable, 130 interrupted.
`;
}

/** One command, or all that share a first word. */
export function helpText(about: string): string {
  const family = commandNames.filter((name) => name === about || name.startsWith(`${about} `));
  if (family.length > 1) {
    const summaries = columns(family.map((name) => [name, commandSpec(name).summary]));
    const details = isCommandName(about) ? `${commandSpec(about).details}\n\n` : "";
    return `${family.map((name) => usageLine(name)).join("")}\n${summaries}\n\n${details}${optionsBlock({})}`;
  }
  const name = isCommandName(about) ? about : family[0];
  if (name === undefined) return overviewText();
  const { summary, details, options } = commandSpec(name);
  return `${usageLine(name)}\n${capital(summary)}.\n\n${details}\n\n${optionsBlock(options)}`;
}

export function usageLine(name: CommandName): string {
  const { usage } = commandSpec(name);
  return `usage: bulla ${name}${usage === "" ? "" : ` ${usage}`}\n`;
}

/** `-o, --out PATH` */
export function spelling(name: OptionName): string {
  const { short, value } = optionSpec(name);
  return `${short === undefined ? "" : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function optionsBlock(options: Readonly<Partial<Record<OptionName, string>>>): string {
  return `Options:\n${optionLines({ ...options, ...everywhere })}\n`;
}

function optionLines(options: Readonly<Partial<Record<OptionName, string>>>): string {
  return columns(
    Object.entries(options).flatMap(([name, text]) => (isOptionName(name) ? [[spelling(name), text] as const] : [])),
  );
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
