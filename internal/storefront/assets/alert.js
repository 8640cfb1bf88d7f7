import { call, token } from "./api.js";
import { $, say } from "./page.js";

try {
  const { product, slug } = await call("POST", "/product-alerts/confirm", { token: token() });
  $("#product").textContent = product;
  $("#product").href = `/products/${encodeURIComponent(slug)}`;
  $("#done").hidden = false;
} catch (problem) {
  say(problem.message, true);
}
$("#wait").hidden = true;
