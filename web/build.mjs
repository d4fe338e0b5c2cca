// Builds the page: `node build.mjs [FOLDER]` writes into FOLDER, or into web/dist, which is committed. The same sources
// and the same lock file give the same bytes.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const web = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? join(web, "dist"));

// KaTeX names each font in three formats. Every browser that runs the page reads woff2.
const onlyWoff2 = {
  name: "only-woff2",
  setup(b) {
    b.onLoad({ filter: /katex(\.min)?\.css$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\("?\w+"?\)/g, ""),
      loader: "css",
    }));
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const result = await build({
  absWorkingDir: web,
  entryPoints: { app: "src/main.tsx" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  alias: { react: "preact/compat", "react-dom": "preact/compat" },
  outdir: out,
  assetNames: "fonts/[name]",
  loader: { ".woff2": "file" },
  legalComments: "none", // licences.txt has them
  metafile: true,
  plugins: [onlyWoff2],
  logLevel: "warning",
});
for (const name of ["index.html", "icon.svg"]) copyFileSync(join(web, "src", name), join(out, name));

// The licences of what is in the bundle.
const packages = new Set(
  Object.keys(result.metafile.inputs).flatMap((path) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1] ?? []),
);
const texts = [...packages].sort().map((name) => {
  const folder = join(web, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), "utf8").trim() : ""}\n`;
});
writeFileSync(join(out, "licences.txt"), texts.join("\n----\n\n"));
