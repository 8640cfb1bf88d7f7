import { call, keep, returnTo } from "./api.js";
import { $, onSubmit, say } from "./page.js";

onSubmit($("#register"), async ({ name, ...values }) => {
  const answer = await call("POST", "/auth/register", { ...values, ...(name && { name }), cookie: true });
  if (answer.access_token) {
    keep(answer);
    location.assign(returnTo());
    return;
  }
  $("#register").hidden = true;
  say("We have sent you a mail. Open the link in it to verify your address, then sign in.");
});
