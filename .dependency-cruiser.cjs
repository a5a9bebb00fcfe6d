// Who may import whom. The table is the whole architecture; DESIGN.md says why.
const mayImport = {
  core: [],
  bgp: ["core"],
  felix: ["core"],
  typha: ["core"],
  manifests: ["core"],
  calicoctl: ["core"],
  cluster: ["core", "bgp", "felix", "typha", "calicoctl"],
  report: ["core", "cluster"],
  testing: ["core", "cluster", "bgp", "felix", "typha"],
  "calico-sim": [
    "core",
    "bgp",
    "felix",
    "typha",
    "calicoctl",
    "manifests",
    "cluster",
    "report",
    "testing",
  ],
};

const layers = Object.entries(mayImport).map(([name, allowed]) => ({
  name: `${name}-imports-${allowed.length === 0 ? "none-of-ours" : "only-its-layer"}`,
  comment: `packages/${name} may import ${allowed.join(", ") || "no package of ours"}.`,
  severity: "error",
  from: { path: `^packages/${name}/` },
  to: {
    path: "^(packages|examples|harness)/",
    pathNot: `^packages/(${[name, ...allowed].join("|")})/`,
  },
}));

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "Modules in a cycle cannot be understood, tested or loaded one at a time.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...layers,
    {
      name: "every-package-has-a-layer",
      comment: "A new package needs a row in the table above.",
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/(${Object.keys(mayImport).join("|")})/` },
      to: {},
    },
    {
      name: "through-the-front-door",
      comment: "Import another package by its name; its inside is free to change.",
      severity: "error",
      from: { path: "^(packages/[^/]+|examples|harness)/" },
      to: { path: "^packages/[^/]+/", pathNot: "^$1/|^packages/[^/]+/src/index\\.ts$" },
    },
    {
      name: "src-never-imports-tests",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^packages/[^/]+/test/" },
    },
    {
      name: "simulation-is-not-node",
      comment: "The simulated world runs in workers and browsers: no node:* but assert.",
      severity: "error",
      from: { path: "^packages/(core|bgp|felix|typha|calicoctl)/src/" },
      to: { dependencyTypes: ["core"], pathNot: "^(node:)?assert(/strict)?$" },
    },
    {
      name: "published-code-uses-declared-dependencies",
      comment: "What src imports must be installed with the package.",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm", "npm-peer", "type-only"],
      },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|out|coverage)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.test.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@calico-sim/source", "import", "node", "types", "default"],
      mainFields: ["module", "main", "types"],
    },
  },
};
