// Stripe's own fields on the shop's page: https://docs.stripe.com/js/embedded_checkout
// They are frames of Stripe's; when it is paid, Stripe leads on by itself.
import { $, say } from "./page.js";

const fields = $("#fields");
const { key, secret } = fields.dataset;

try {
  const checkout = await window.Stripe(key).createEmbeddedCheckoutPage({ fetchClientSecret: async () => secret });
  checkout.mount("#fields");
} catch (problem) {
  console.warn(problem);
  say("The form of the payment provider cannot be shown. Check your connection and what blocks scripts in your browser, and load this page again; or go back and pay in another way.", true);
} finally {
  $("#loading").hidden = true;
}
