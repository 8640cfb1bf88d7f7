// The shop's API from a page. The refresh token is in a cookie that scripts cannot read; the access
// token lives in this module and dies with the page.
const base = "/api/v1";
let access = "";

// A Problem is the API saying no (RFC 9457).
export class Problem extends Error {
  constructor(status, body) {
    super(body.errors?.[0]?.detail || body.detail || body.title || "Something went wrong. Please try again.");
    this.status = status;
    this.code = body.code || "";
    this.fields = body.errors || [];
  }
}

async function send(method, path, body) {
  const headers = {};
  if (access) headers.Authorization = `Bearer ${access}`;
  if (body !== undefined && !(body instanceof Blob)) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(base + path, { method, headers, body: body === undefined || body instanceof Blob ? body : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { detail: "The shop cannot be reached. Check your connection and try again." });
  }
  const text = await answer.text();
  let value;
  try {
    value = text ? JSON.parse(text) : undefined;
  } catch {
    value = {};
  }
  if (!answer.ok) throw new Problem(answer.status, value || {});
  return value;
}

// call makes a request; an access token that has run out is renewed once.
export async function call(method, path, body) {
  try {
    return await send(method, path, body);
  } catch (problem) {
    if (problem.status !== 401 || !access || path.startsWith("/auth/") || !(await signedIn())) throw problem;
    return send(method, path, body);
  }
}

// signedIn asks for an access token by the cookie. One tab at a time: each refresh token works once.
export async function signedIn() {
  const renew = async () => {
    access = "";
    try {
      keep(await send("POST", "/auth/refresh", { cookie: true }));
      return true;
    } catch (problem) {
      if (problem.status === 401 || problem.status === 400 || problem.status === 422) return false;
      throw problem;
    }
  };
  return navigator.locks ? navigator.locks.request("souk-refresh", renew) : renew();
}

// keep remembers the access token of a sign-in.
export function keep(tokens) {
  access = tokens.access_token;
}

// token is the secret of a mailed link. It is taken out of the address, so that it stays in no history.
export function token() {
  const secret = new URLSearchParams(location.hash.slice(1)).get("token") || "";
  if (secret) history.replaceState(null, "", location.pathname + location.search);
  return secret;
}

// returnTo is where to go after signing in: a path of this shop, or the account.
export function returnTo() {
  const wanted = new URLSearchParams(location.search).get("return_to") || "";
  return /^\/(?![/\\])/.test(wanted) ? wanted : "/account";
}
