import { call, keep, token } from "./api.js";
import { $, onSubmit, say } from "./page.js";

const secret = token();

onSubmit($("#setup"), async (values) => {
  keep(await call("POST", "/setup", { ...values, token: secret }));
  $("#setup").hidden = true;
  say("This shop has an administrator now. Sign in to go on.");
});
