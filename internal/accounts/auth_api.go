package accounts

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/platform/httpapi"
)

// authRoutes mounts what lets people in and out. Hashing a password must not
// hold a transaction, and tokens are never kept with an Idempotency-Key.
func (u *Users) authRoutes(r *httpapi.Router) {
	public := httpapi.Public("this is how one signs in")
	small := httpapi.BodyLimit(maxAuthBody)
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/register", u.register, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusCreated),
		httpapi.Summary("Sign up and in"), httpapi.Describe("Everybody begins as a customer. A password has 10 to 128 characters and is hard to guess."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/login", u.login, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Sign in by e-mail or user name"),
		httpapi.Describe("After five wrong passwords one has to wait, at first a second and at last 15 minutes."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/refresh", u.refresh, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Exchange a refresh token"),
		httpapi.Describe("Each refresh token works once. One that comes back later than ten seconds after its use ends the whole session."))
	httpapi.Raw(r, http.MethodPost, "/api/v1/auth/token", u.oauthToken, public, small, httpapi.NeverStored(),
		httpapi.Consumes("application/x-www-form-urlencoded"), httpapi.Produces("application/json"), httpapi.Returns[Tokens](),
		httpapi.Summary("OAuth 2 token endpoint"), httpapi.Describe("RFC 6749 with the grants password and refresh_token, for the documentation's Authorize button and first-party clients."))
	httpapi.Post(r, "/api/v1/auth/logout", u.logout, httpapi.Needs(auth.AsCustomer), httpapi.NeverStored(), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("End this session"))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/password/change", u.changePassword, httpapi.Needs(auth.AsCustomer), small, httpapi.NeverStored(),
		httpapi.Status(http.StatusNoContent), httpapi.Summary("Change the password and end all other sessions"))
	httpapi.Action(r, http.MethodPost, "/api/v1/setup", u.setUp, httpapi.Public("the token is the secret, and works once"), small, httpapi.NeverStored(),
		httpapi.Status(http.StatusCreated), httpapi.Summary("Make the first administrator"))
	httpapi.Get(r, "/.well-known/jwks.json", u.jwks, httpapi.Public("public keys"), httpapi.ID("jwks"), httpapi.Summary("Keys that sign access tokens"))
}

// client is where a request comes from.
func client(ctx context.Context) Client {
	return Client{Address: httpapi.ClientAddr(ctx), UserAgent: httpapi.UserAgent(ctx)}
}

type registerInput struct {
	Body struct {
		Username string `json:"username" example:"ann"`
		Email    string `json:"email" example:"ann@example.com"`
		Password string `json:"password" format:"password"`
		Name     string `json:"name,omitempty"`
		Phone    string `json:"phone,omitempty" doc:"With its country, as in +49 151 23456789."`
	}
}

func (u *Users) register(ctx context.Context, in *registerInput) (SignIn, error) {
	return u.Register(ctx, Registration(in.Body), client(ctx))
}

type loginInput struct {
	Body struct {
		Email    string `json:"email,omitempty" doc:"Either this or username."`
		Username string `json:"username,omitempty" doc:"Either this or email."`
		Password string `json:"password" format:"password"`
		OTP      string `json:"otp,omitempty" doc:"Looked at only for accounts with a second factor."`
	}
}

func (u *Users) login(ctx context.Context, in *loginInput) (SignIn, error) {
	name := in.Body.Email + in.Body.Username
	if (in.Body.Email == "") == (in.Body.Username == "") {
		return SignIn{}, errs.Validation.Field("/email", "required", "Send either email or username.")
	}
	return u.Login(ctx, name, in.Body.Password, client(ctx))
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token"`
	}
}

func (u *Users) refresh(ctx context.Context, in *refreshInput) (Tokens, error) {
	return u.Refresh(ctx, in.Body.RefreshToken, client(ctx))
}

func (u *Users) logout(ctx context.Context, tx pgx.Tx, _ *struct{}) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.Logout(ctx, tx)
}

type changePasswordInput struct {
	Body struct {
		Current string `json:"current_password" format:"password"`
		New     string `json:"new_password" format:"password"`
	}
}

func (u *Users) changePassword(ctx context.Context, in *changePasswordInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.ChangePassword(ctx, in.Body.Current, in.Body.New, client(ctx))
}

type setUpInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"100"`
		Username string `json:"username"`
		Email    string `json:"email"`
		Password string `json:"password" format:"password"`
	}
}

func (u *Users) setUp(ctx context.Context, in *setUpInput) (SignIn, error) {
	who := Registration{Username: in.Body.Username, Email: in.Body.Email, Password: in.Body.Password}
	return u.SetUp(ctx, in.Body.Token, who, client(ctx))
}

func (u *Users) jwks(ctx context.Context, _ *struct{}) (JWKS, error) { return u.JWKS(ctx) }
