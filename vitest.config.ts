import { defineConfig } from "vitest/config";

if (Number(process.versions.node.split(".")[0]) < 24)
  throw new Error("tests need Node 24: npm test and npx vitest find the one that came with the project");

// Workspace packages are read from their sources, so nothing needs to be built before a test.
const conditions = ["@bulla/source", "module", "node", "import", "default"];
const exclude = ["**/node_modules/**", "**/dist/**"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    // Workers and programs that a test starts read the same sources.
    execArgv: ["--conditions=@bulla/source"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["{packages,apps}/*/src/**/*.test.ts", "tools/**/*.test.ts"],
          exclude,
          testTimeout: 20_000,
          hookTimeout: 20_000,
          setupFiles: ["tools/test/seed.ts"],
          maxWorkers: "100%",
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["{e2e,bench}/src/**/*.test.ts"],
          exclude,
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
