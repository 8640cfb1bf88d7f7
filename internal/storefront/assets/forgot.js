import { call } from "./api.js";
import { $, onSubmit, say } from "./page.js";

onSubmit($("#forgot"), async ({ email }) => {
  await call("POST", "/auth/password/forgot", { email });
  $("#forgot").hidden = true;
  say("If that address has an account, a link is on its way to it. Look into the spam folder too.");
});
