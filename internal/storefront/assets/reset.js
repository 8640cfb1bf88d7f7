import { call, token } from "./api.js";
import { $, onSubmit, say } from "./page.js";

const secret = token();

onSubmit($("#reset"), async ({ password }) => {
  await call("POST", "/auth/password/reset", { token: secret, password });
  $("#reset").hidden = true;
  say("Your password has been changed. Sign in with it now.");
  setTimeout(() => location.assign("/account/sign-in"), 1500);
});
