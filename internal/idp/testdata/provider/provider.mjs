// An OpenID provider for tests, on a free port of this machine that it prints. Who signs in is who
// they say they are: the login is the e-mail, and one that begins with "unproven" is not verified.
//   node provider.mjs '["http://shop.test/api/v1/auth/oidc/house/callback"]'
import http from "node:http";
import { Provider } from "oidc-provider";

const redirect_uris = JSON.parse(process.argv[2]);
const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = { redirect_uris, response_types: ["code"], grant_types: ["authorization_code"] };
  const provider = new Provider(issuer, {
    clients: [
      { ...client, client_id: "souk", client_secret: "a secret of the shop" },
      { ...client, client_id: "public", token_endpoint_auth_method: "none" },
    ],
    pkce: { required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, email: sub, email_verified: !sub.startsWith("unproven"), name: `${sub} of the house` }),
    }),
    cookies: { keys: ["a key of the test"] },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
