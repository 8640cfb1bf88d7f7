import { call, signedIn, token } from "./api.js";
import { $, onSubmit } from "./page.js";

// The token must outlive a detour to the sign-in page; it stays in this tab.
const kept = "souk-invitation";
const secret = token() || sessionStorage.getItem(kept) || "";
sessionStorage.setItem(kept, secret);
if (!(await signedIn())) location.replace("/account/sign-in?return_to=/account/invitation");

onSubmit($("#accept"), async () => {
  await call("POST", "/vendors/invitations/accept", { token: secret });
  sessionStorage.removeItem(kept);
  $("#accept").hidden = true;
  $("#done").hidden = false;
});
