import { call, keep, returnTo, token, Problem } from "./api.js";
import { $, make, onSubmit, say, working } from "./page.js";

// What a provider's way back may bring in ?error=.
const errors = {
  account_exists: "There is an account with that e-mail. We have mailed you a link: use it once, then connect the other sign-in in your account.",
  email_unverified: "Open the link that we have mailed to you, then sign in.",
  access_denied: "You did not let the other site sign you in.",
  provider_unavailable: "The other site does not answer. Try again, or sign in another way.",
};

const query = new URLSearchParams(location.search);
const secret = token();
let attempt; // what a code is to complete: {path, body}

function done(tokens) {
  keep(tokens);
  location.assign(returnTo());
}

function askForCode(path, body) {
  attempt = { path, body };
  for (const id of ["#password", "#link", "#others"]) $(id).hidden = true;
  $("#otp").hidden = false;
  $("#otp input").focus();
}

// enter signs in, and asks for the second factor when there is one.
async function enter(path, body) {
  try {
    done(await call("POST", path, body));
  } catch (problem) {
    if (problem.code !== "mfa_required") throw problem;
    askForCode(path, body);
  }
}

onSubmit($("#password"), ({ name, password, remember }) =>
  enter("/auth/login", { [name.includes("@") ? "email" : "username"]: name.trim(), password, remember, cookie: true }));

onSubmit($("#otp"), async ({ otp }) => done(await call("POST", attempt.path, { ...attempt.body, otp: otp.trim() })));

onSubmit($("#link"), () => enter("/auth/link/use", { token: secret, cookie: true }));

$("#mail").addEventListener("click", (event) => working(event.target, async () => {
  const input = $("#password [name=name]");
  if (!input.value.includes("@")) {
    input.focus();
    throw new Problem(0, { detail: "Type your e-mail first." });
  }
  await call("POST", "/auth/link", { email: input.value.trim() });
  say("If that address has an account, a link is on its way to it.");
}));

$("#passkey").addEventListener("click", (event) => working(event.target, async () => {
  const { session, options } = await call("POST", "/auth/passkey/start", {});
  let credential;
  try {
    credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey || options) });
  } catch {
    throw new Problem(0, { detail: "No passkey was used." });
  }
  done(await call("POST", "/auth/passkey/finish", { session, credential: credential.toJSON(), cookie: true, remember: $("#password [name=remember]").checked }));
}));

async function showProviders() {
  const { data } = await call("GET", "/auth/oidc");
  for (const { slug, name } of data) {
    const start = `/api/v1/auth/oidc/${encodeURIComponent(slug)}/start?return_to=${encodeURIComponent(returnTo())}`;
    $("#providers").append(make("a", { className: "button", href: start, textContent: `Continue with ${name}` }));
  }
}

if (query.get("error")) say(errors[query.get("error")] || "That did not work. Try again, or sign in another way.", true);
if (query.get("otp")) askForCode("/auth/oidc/otp", { cookie: true });
if (secret) {
  for (const id of ["#password", "#others"]) $(id).hidden = true;
  $("#link").hidden = false;
}
$("#passkey").hidden = !globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON;
showProviders().catch(() => {}); // the page works without them
