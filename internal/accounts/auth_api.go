package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/errs"
	"souk/internal/mfa"
	"souk/internal/platform/httpapi"
)

// authRoutes mounts what lets people in and out. Hashing a password must not
// hold a transaction, and tokens are never kept with an Idempotency-Key.
func (u *Users) authRoutes(r *httpapi.Router) {
	public := httpapi.Public("this is how one signs in")
	small := httpapi.BodyLimit(maxAuthBody)
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/register", u.register, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusCreated),
		httpapi.Summary("Sign up and in"), httpapi.Describe("Everybody begins as a customer. A password has 10 to 128 characters and is hard to guess. Where the shop wants mailboxes proven first, "+
			"the answer is 202 and says nothing of whether there is an account with that e-mail."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/login", u.login, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Sign in by e-mail or user name"),
		httpapi.Describe("After five wrong passwords one has to wait, at first a second and at last 15 minutes."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/refresh", u.refresh, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Exchange a refresh token"),
		httpapi.Describe("Each refresh token works once. One that comes back later than ten seconds after its use ends the whole session."))
	httpapi.Raw(r, http.MethodPost, "/api/v1/auth/token", u.oauthToken, public, small, httpapi.NeverStored(),
		httpapi.Consumes("application/x-www-form-urlencoded"), httpapi.Produces("application/json"), httpapi.Returns[Tokens](),
		httpapi.Summary("OAuth 2 token endpoint"), httpapi.Describe("RFC 6749 with the grants password and refresh_token, for the documentation's Authorize button and first-party clients."))
	httpapi.Post(r, "/api/v1/auth/logout", u.logout, httpapi.Needs(auth.AsCustomer), httpapi.Harmless(), httpapi.NeverStored(), httpapi.Status(http.StatusNoContent),
		httpapi.Summary("End this session"))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/password/change", u.changePassword, httpapi.Needs(auth.AsCustomer), small, httpapi.NeverStored(),
		httpapi.Status(http.StatusNoContent), httpapi.Summary("Change the password and end all other sessions"))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/passkey/start", u.startPasskey, public, small, httpapi.NeverStored(), httpapi.Status(http.StatusOK),
		httpapi.Summary("Begin to sign in by a passkey"),
		httpapi.Describe("`options` is for `PublicKeyCredential.parseRequestOptionsFromJSON`; send `session` back with what the browser makes of it."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/passkey/finish", u.usePasskey, public, httpapi.BodyLimit(64<<10), httpapi.NeverStored(),
		httpapi.Status(http.StatusOK), httpapi.Summary("Sign in by a passkey"), httpapi.Describe("The device verifies its owner: no further factor is asked for."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/step-up", u.stepUp, httpapi.Needs(auth.AsCustomer), httpapi.BodyLimit(64<<10), httpapi.NeverStored(),
		httpapi.Status(http.StatusNoContent), httpapi.Summary("Prove again who I am"),
		httpapi.Describe("What is worth a second look (e-mail, second factors, roles, keys, erasure) answers 403 `step_up_required` when the last proof is older than ten minutes."))
	httpapi.Action(r, http.MethodPost, "/api/v1/setup", u.setUp, httpapi.Public("the token is the secret, and works once"), small, httpapi.NeverStored(),
		httpapi.Status(http.StatusCreated), httpapi.Summary("Make the first administrator"))
	httpapi.Get(r, "/.well-known/jwks.json", u.jwks, httpapi.Public("public keys"), httpapi.ID("jwks"), httpapi.Summary("Keys that sign access tokens"))
}

// client is where a request comes from.
func client(ctx context.Context) Client {
	return Client{Address: httpapi.ClientAddr(ctx), UserAgent: httpapi.UserAgent(ctx)}
}

// Stay is how a browser wants to be kept signed in.
type Stay struct {
	Cookie   bool  `json:"cookie,omitempty" doc:"Put the refresh token into an HttpOnly cookie instead of the answer: for pages of this shop."`
	Remember *bool `json:"remember,omitempty" doc:"false ends the session with the browser, after 12 hours at most."`
}

// client is where a request comes from, and how long it wants to stay.
func (s Stay) client(ctx context.Context) Client {
	from := client(ctx)
	from.Brief = s.Remember != nil && !*s.Remember
	return from
}

// refreshCookie is the browser's copy of the refresh token. The prefix binds it
// to this host and to TLS.
const refreshCookie = "__Host-souk"

// deliver puts the refresh token where the client wants it.
func (s Stay) deliver(ctx context.Context, tokens *Tokens) {
	if !s.Cookie || tokens.RefreshToken == "" {
		return
	}
	c := &http.Cookie{Name: refreshCookie, Value: tokens.RefreshToken, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if !tokens.stay.brief {
		c.MaxAge = int(tokens.stay.life.Seconds())
	}
	if tokens.stay.staff {
		c.SameSite = http.SameSiteStrictMode
	}
	httpapi.SetCookie(ctx, c)
	tokens.RefreshToken = ""
}

type registerInput struct {
	Body struct {
		Username string `json:"username" example:"ann"`
		Email    string `json:"email" example:"ann@example.com"`
		Password string `json:"password" format:"password"`
		Name     string `json:"name,omitempty"`
		Phone    string `json:"phone,omitempty" doc:"With its country, as in +49 151 23456789."`
		Stay
	}
}

// registered is the answer to a registration: who has signed in, or that their
// mailbox comes first.
type registered struct {
	User         *User  `json:"user,omitempty"`
	AccessToken  string `json:"access_token,omitempty"`
	TokenType    string `json:"token_type,omitempty" example:"Bearer"`
	ExpiresIn    int    `json:"expires_in,omitempty" doc:"Seconds until the access token expires."`
	RefreshToken string `json:"refresh_token,omitempty"`
	Status       string `json:"status,omitempty" enum:"verification_sent" doc:"With 202, where the mailbox has to be proven first."`
}

// HTTPStatus is 202 where nobody has signed in yet.
func (r registered) HTTPStatus() int {
	if r.Status != "" {
		return http.StatusAccepted
	}
	return http.StatusCreated
}

func (u *Users) register(ctx context.Context, in *registerInput) (registered, error) {
	b := in.Body
	who := Registration{Username: b.Username, Email: b.Email, Password: b.Password, Name: b.Name, Phone: b.Phone}
	signedIn, err := u.Register(ctx, who, b.client(ctx))
	if errors.Is(err, ErrVerifyFirst) {
		return registered{Status: "verification_sent"}, nil
	}
	if err != nil {
		return registered{}, err
	}
	httpapi.Subject(ctx, signedIn.User.ID.String())
	b.deliver(ctx, &signedIn.Tokens)
	t := signedIn.Tokens
	return registered{&signedIn.User, t.AccessToken, t.TokenType, t.ExpiresIn, t.RefreshToken, ""}, nil
}

type loginInput struct {
	Body struct {
		Email    string `json:"email,omitempty" doc:"Either this or username."`
		Username string `json:"username,omitempty" doc:"Either this or email."`
		Password string `json:"password" format:"password"`
		OTP      string `json:"otp,omitempty" doc:"Looked at only for accounts with a second factor."`
		Stay
	}
}

func (u *Users) login(ctx context.Context, in *loginInput) (SignIn, error) {
	name := in.Body.Email + in.Body.Username
	if (in.Body.Email == "") == (in.Body.Username == "") {
		return SignIn{}, errs.Validation.Field("/email", "required", "Send either email or username.")
	}
	signedIn, err := u.Login(ctx, name, in.Body.Password, in.Body.OTP, in.Body.client(ctx))
	httpapi.Subject(ctx, signedIn.User.ID.String())
	in.Body.deliver(ctx, &signedIn.Tokens)
	return signedIn, err
}

type refreshInput struct {
	Body struct {
		RefreshToken string `json:"refresh_token,omitempty" doc:"The cookie's where there is none here."`
		Cookie       bool   `json:"cookie,omitempty" doc:"Use the cookie; true wherever refresh_token is absent."`
	}
}

func (u *Users) refresh(ctx context.Context, in *refreshInput) (Tokens, error) {
	token, stay := in.Body.RefreshToken, Stay{Cookie: in.Body.Cookie}
	if token == "" {
		token, stay.Cookie = httpapi.Cookie(ctx, refreshCookie), true
	}
	tokens, err := u.Refresh(ctx, token, client(ctx))
	if errors.Is(err, ErrRefreshToken) && stay.Cookie {
		httpapi.DropCookie(ctx, refreshCookie)
	}
	stay.deliver(ctx, &tokens)
	return tokens, err
}

func (u *Users) logout(ctx context.Context, tx pgx.Tx, _ *struct{}) (httpapi.Empty, error) {
	httpapi.DropCookie(ctx, refreshCookie)
	return httpapi.Empty{}, u.Logout(ctx, tx)
}

type stepUpInput struct {
	Body struct {
		Password string `json:"password,omitempty" format:"password" doc:"Either this or a passkey's answer."`
		OTP      string `json:"otp,omitempty" maxLength:"100" doc:"Beside the password, where there is a second factor."`

		Session    string         `json:"session,omitempty" maxLength:"4000" doc:"Of POST /auth/passkey/start."`
		Credential map[string]any `json:"credential,omitempty" doc:"What toJSON() makes of the browser's PublicKeyCredential."`
	}
}

func (u *Users) stepUp(ctx context.Context, in *stepUpInput) (httpapi.Empty, error) {
	if in.Body.Session != "" {
		return httpapi.Empty{}, u.StepUpByPasskey(ctx, in.Body.Session, in.Body.Credential)
	}
	return httpapi.Empty{}, u.StepUp(ctx, in.Body.Password, in.Body.OTP, client(ctx))
}

func (u *Users) startPasskey(context.Context, *struct{}) (mfa.Ceremony, error) {
	return u.MFA.StartSignIn()
}

type passkeyInput struct {
	Body struct {
		Session    string         `json:"session" maxLength:"4000"`
		Credential map[string]any `json:"credential" doc:"What toJSON() makes of the browser's PublicKeyCredential."`
		Stay
	}
}

func (u *Users) usePasskey(ctx context.Context, in *passkeyInput) (SignIn, error) {
	signedIn, err := u.SignInByPasskey(ctx, in.Body.Session, in.Body.Credential, in.Body.client(ctx))
	httpapi.Subject(ctx, signedIn.User.ID.String())
	in.Body.deliver(ctx, &signedIn.Tokens)
	return signedIn, err
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
