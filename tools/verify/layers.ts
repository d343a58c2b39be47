import { existsSync } from "node:fs";
import { join } from "node:path";
import type { IRegularForbiddenRuleType, IViolation } from "dependency-cruiser";
import { cruise } from "dependency-cruiser";
import type { Check } from "./check.ts";

interface Member {
  readonly folder: string;
  /** Folders of the members whose doors it may use. Whatever is not listed is refused. */
  readonly may: readonly string[];
  /** Files that others may import beside `src/index.ts`. */
  readonly moreDoors?: string;
  /** Whether Node's own modules are free to use everywhere in it. */
  readonly runsOnNodeOnly?: true;
}

// The house as in docs/architecture.md, in patterns of paths.
const toClient = ["packages/client", "packages/content", "packages/wire"];
const toEveryPackage = ["packages/core", ...toClient];
const members: readonly Member[] = [
  { folder: "packages/wire", may: [], moreDoors: "src/[^/]+/index\\.ts" },
  { folder: "packages/content", may: ["packages/wire"] },
  { folder: "packages/core", may: ["packages/wire"] },
  {
    folder: "packages/client",
    may: ["packages/core", "packages/content", "packages/wire"],
    moreDoors: "src/platform/(node|browser)/(crypto/)?index\\.ts",
  },
  {
    folder: "packages/testkit",
    may: [...toEveryPackage, "apps/service"],
    moreDoors: "src/[^/]+/index\\.ts",
    runsOnNodeOnly: true,
  },
  { folder: "bridges/[^/]+", may: toClient, runsOnNodeOnly: true },
  { folder: "apps/service", may: ["packages/wire"], runsOnNodeOnly: true },
  { folder: "apps/cli", may: toClient, runsOnNodeOnly: true },
  { folder: "apps/web", may: toClient },
  ...["e2e", "bench", "examples"].map((folder) => ({
    folder,
    may: [...toEveryPackage, "packages/testkit", "bridges/[^/]+", "apps/service", "apps/cli", "apps/web"],
    runsOnNodeOnly: true as const,
  })),
  { folder: "tools", may: [], runsOnNodeOnly: true },
];

const roots = ["packages", "bridges", "apps", "e2e", "bench", "examples", "tools"];
const ours = `^(${roots.join("|")})/`;
const testFile = "\\.(test|fixture)\\.tsx?$";
const firstDoor = "src/index\\.ts";

/** The layer rules as an allow-list: a folder that is not in the table may import nothing of ours. */
export const layers: Check = {
  sentence: "every import follows the arrows of the house",
  findProblems: findLayerProblems,
};

/** @returns one sentence per import that goes where it may not */
export async function findLayerProblems(root: string): Promise<readonly string[]> {
  const { output } = await cruise(
    roots.filter((folder) => existsSync(join(root, folder))),
    {
      baseDir: root,
      validate: true,
      ruleSet: { forbidden: rules() },
      doNotFollow: { path: "node_modules" },
      exclude: { path: "(^|/)dist/" },
      tsPreCompilationDeps: true,
      combinedDependencies: false,
    },
    {
      exportsFields: ["exports"],
      conditionNames: ["@bulla/source", "import", "types", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js", ".d.ts"],
    },
  );
  if (typeof output === "string") throw new Error(output);
  return output.summary.violations.map(explain);
}

function rules(): IRegularForbiddenRuleType[] {
  return [
    ...members.flatMap(arrows),
    forbid("a folder outside the table of members may import nothing of ours", {
      from: { path: ours, pathNot: members.map((member) => `^${member.folder}/`) },
      to: { path: ours },
    }),
    forbid("no cycles", { from: {}, to: { circular: true } }),
    forbid("node: only in apps, tools, tests and folders named node", {
      from: {
        path: ours,
        pathNot: [testFile, "/node/", ...members.filter(isNodeOnly).map(({ folder }) => `^${folder}/`)],
      },
      to: { dependencyTypes: ["core"] },
    }),
    forbid("the client's first door does not lead to one platform", {
      from: { path: "^packages/client/src/", pathNot: ["^packages/client/src/platform/", testFile] },
      to: { path: "^packages/client/src/platform/" },
    }),
    forbid("what ships does not import tests", { from: { pathNot: testFile }, to: { path: testFile } }),
    forbid("what ships declares what it imports", {
      from: { path: ours, pathNot: [testFile, "^tools/"] },
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown", "npm-dev"] },
    }),
    forbid("every import leads somewhere", { from: { path: ours }, to: { couldNotResolve: true } }),
  ];
}

// What ships keeps to the doors of the members it may use. Its tests, which ship nowhere, may use any door.
function arrows({ folder, may }: Member): IRegularForbiddenRuleType[] {
  const doors = members.filter((member) => may.includes(member.folder)).flatMap(doorsOf);
  const name = folder.replace("[^/]+", "*");
  const theirs = may.length === 0 ? "nobody" : may.join(", ").replace("[^/]+", "*");
  return [
    forbid(`${name} imports only itself and the doors of ${theirs}`, {
      from: { path: `^(${folder})/`, pathNot: testFile },
      to: { path: ours, pathNot: ["^$1/", ...doors] },
    }),
    forbid(`tests of ${name} import only itself and doors`, {
      from: { path: `^(${folder})/.*${testFile}` },
      to: { path: ours, pathNot: ["^$1/", ...members.flatMap(doorsOf)] },
    }),
  ];
}

function doorsOf({ folder, moreDoors = firstDoor }: Member): string[] {
  return [`^${folder}/${firstDoor}$`, `^${folder}/${moreDoors}$`];
}

function isNodeOnly(member: Member): boolean {
  return member.runsOnNodeOnly === true;
}

function forbid(name: string, rule: Pick<IRegularForbiddenRuleType, "from" | "to">): IRegularForbiddenRuleType {
  return { name, severity: "error", ...rule };
}

function explain({ from, to, rule, cycle = [] }: IViolation): string {
  const path = cycle.length > 0 ? cycle.map((step) => step.name) : [to];
  return `${[from, ...path].join(" -> ")}: ${rule.name}`;
}
