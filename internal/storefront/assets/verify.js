import { call, signedIn, token } from "./api.js";
import { $, say } from "./page.js";

try {
  await signedIn(); // what the mailbox's owner bought as a guest is given to nobody else
  await call("POST", "/auth/verify-email", { token: token() });
  $("#done").hidden = false;
} catch (problem) {
  say(problem.message, true);
}
$("#wait").hidden = true;
