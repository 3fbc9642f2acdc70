// Packs what was built, once, at build time: the server serves *.gz to whoever takes
// it. It says what the first view weighs, and fails where that is too much.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("dist/", import.meta.url);
const assets = new URL("assets/", dist);
const budget = 350 * 1024;
const packed = new Map();

for (const name of readdirSync(assets)) {
  if (!/\.(js|css|svg|json)$/.test(name)) continue;
  const small = gzipSync(readFileSync(new URL(name, assets)), { level: 9 });
  writeFileSync(new URL(name + ".gz", assets), small);
  packed.set(name, small.length);
}

// What the page names, and what those import before they can run.
const first = new Set();
const visit = (name) => {
  if (first.has(name) || !packed.has(name)) return;
  first.add(name);
  const text = readFileSync(new URL(name, assets), "utf8");
  for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) visit(other);
};
const page = readFileSync(new URL("index.html", dist), "utf8");
for (const [, name] of page.matchAll(/assets\/([^"]+\.js)"/g)) visit(name);

const total = [...first].reduce((sum, name) => sum + packed.get(name), 0);
console.log(`first view: ${(total / 1024).toFixed(1)} KB of JavaScript with gzip, of ${budget / 1024}`);
if (total > budget) {
  console.error("that is more than the budget: load later what the first view does not show");
  process.exit(1);
}
