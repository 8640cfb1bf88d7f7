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

// The pictures of the demo's products: those that market.json names. internal/demo/pictures.go sets them in scene.
async function demo() {
  const from = join(here, "node_modules", "@lobehub", "fluent-emoji-3d");
  const to = join(dist, "demo");
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const { goods } = JSON.parse(await readFile(join(here, "..", "internal", "demo", "market.json"), "utf8"));
  for (const { picture } of goods) {
    await copyFile(join(from, "assets", `${picture}.webp`), join(to, `${picture}.webp`));
  }
  await copyFile(join(here, "licenses", "fluent-emoji.txt"), join(to, "LICENSE"));
  const { name, version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  console.log(`${name} ${version}: ${goods.length} pictures`);
}

// The typeface of invoices as PDF. internal/invoices/pdf.go embeds what it uses of it.
async function fonts() {
  const from = join(here, "node_modules", "@expo-google-fonts", "noto-sans");
  const to = join(dist, "fonts");
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  await copyFile(join(from, "400Regular", "NotoSans_400Regular.ttf"), join(to, "NotoSans-Regular.ttf"));
  await copyFile(join(from, "700Bold", "NotoSans_700Bold.ttf"), join(to, "NotoSans-Bold.ttf"));
  await copyFile(join(from, "LICENSE_FONT"), join(to, "LICENSE"));
  const { name, version } = JSON.parse(await readFile(join(from, "package.json"), "utf8"));
  console.log(`${name} ${version}`);
}

await swagger();
await fonts();
await demo();
await writeFile(join(dist, ".built"), ""); // make's stamp
