import { call, token } from "./api.js";
import { $, onSubmit } from "./page.js";

const secret = token();

onSubmit($("#confirm"), async () => {
  await call("POST", "/auth/email/confirm", { token: secret });
  $("#confirm").hidden = true;
  $("#done").hidden = false;
});
