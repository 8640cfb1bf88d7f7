import { call, token } from "./api.js";
import { $, say } from "./page.js";

try {
  await call("POST", "/auth/verify-email", { token: token() });
  $("#done").hidden = false;
} catch (problem) {
  say(problem.message, true);
}
