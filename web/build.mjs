// Fills dist/, which the binary embeds: everything a browser is served, so that
// nothing is loaded from another host.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

// Swagger UI: the page of the API's documents. internal/platform/httpapi/docs.go serves it.
async function swagger() {
  const from = join(here, "node_modules", "swagger-ui-dist");
  const to = join(dist, "swagger");
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  for (const file of ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png", "LICENSE"]) {
    await copyFile(join(from, file), join(to, file));
  }
  const { version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  console.log(`swagger-ui ${version}`);
}

await swagger();
await writeFile(join(dist, ".built"), ""); // make's stamp
