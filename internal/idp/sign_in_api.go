package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"souk/internal/accounts"
	"souk/internal/errs"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

// Routes mounts all that idp answers.
func (p *Providers) Routes(r *httpapi.Router) {
	p.cursors = r.Cursors
	public, unstored, login := httpapi.Public("this is how one signs in"), httpapi.NeverStored(), httpapi.Limit(httpapi.LimitWrite)
	back := []httpapi.Option{
		public, unstored, login, httpapi.Status(http.StatusSeeOther), httpapi.BodyLimit(formLimit), httpapi.ForeignQuery("providers add to it, which RFC 6749 has us ignore"),
		httpapi.Summary("Come back from a login provider"),
		httpapi.Describe("Where providers send browsers. Sets the cookie `__Host-souk` and leads to `return_to`: a page gets its access token with `POST /auth/refresh`. " +
			"Otherwise it leads to `/account/sign-in?error=`, with a stable code, or to `?otp=1` where a second factor is still to come."),
	}
	httpapi.Get(r, "/api/v1/auth/oidc", p.buttons, httpapi.Public("buttons of the sign-in page"), httpapi.Returns[httpapi.List[Button]](),
		httpapi.ID("auth-list-login-providers"), httpapi.Summary("List the ways to sign in elsewhere"))
	httpapi.Raw(r, http.MethodGet, "/api/v1/auth/oidc/{provider}/start", p.start, public, unstored, login, httpapi.Status(http.StatusSeeOther),
		httpapi.QueryParam("return_to", "Where to go afterwards: a path of the shop, or an address at an origin that the shop trusts."),
		httpapi.QueryParam("remember", "false ends the session with the browser."),
		httpapi.ID("auth-start-oidc"), httpapi.Summary("Go to a login provider"))
	httpapi.Raw(r, http.MethodGet, "/api/v1/auth/oidc/{provider}/callback", p.callbackByQuery, append(back, httpapi.ID("auth-finish-oidc"))...)
	httpapi.Raw(r, http.MethodPost, "/api/v1/auth/oidc/{provider}/callback", p.callbackByForm, append(back, httpapi.ID("auth-finish-oidc-form"),
		httpapi.CrossSite("the state in the form matches the sealed one in the cookie"), httpapi.Consumes("application/x-www-form-urlencoded"))...)
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/oidc/otp", p.finishWithCode, public, unstored, httpapi.Limit(httpapi.LimitLogin), httpapi.BodyLimit(formLimit),
		httpapi.Status(http.StatusOK), httpapi.ID("auth-finish-oidc-otp"), httpapi.Summary("Complete a sign-in from elsewhere with a second factor"),
		httpapi.Describe("Within five minutes of `?otp=1`, from the same browser."))
	p.meRoutes(r)
	p.staffRoutes(r)
}

// Button is a way to sign in, as the sign-in page shows it.
type Button struct {
	Slug   string `db:"slug" json:"slug"`
	Name   string `db:"name" json:"name"`
	Preset Preset `db:"preset" json:"preset" enum:"oidc,google,microsoft,apple,github"`
}

func (p *Providers) buttons(ctx context.Context, _ *struct{}) (httpapi.Stored, error) {
	list, err := selectButtons(ctx, p.DB)
	if err != nil {
		return httpapi.Stored{}, err
	}
	if list == nil {
		list = []Button{}
	}
	body, err := json.Marshal(httpapi.List[Button]{Data: list})
	return httpapi.Stored{Bytes: body, MaxAge: time.Minute}, err
}

func (p *Providers) start(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	to, cookie, err := p.begin(r.Context(), r.PathValue("provider"), query.Get("return_to"), func(a *attempt) {
		a.Brief = query.Get("remember") == "false"
	})
	if err != nil {
		return p.refuse(w, r, signInPage, err)
	}
	httpapi.SetCookie(r.Context(), cookie)
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func (p *Providers) callbackByQuery(w http.ResponseWriter, r *http.Request) error {
	return p.comeBack(w, r, r.URL.Query())
}

func (p *Providers) callbackByForm(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("%w (%w)", ErrState, err)
	}
	return p.comeBack(w, r, r.PostForm)
}

// comeBack is the end of an attempt, good or bad: its cookie goes.
func (p *Providers) comeBack(w http.ResponseWriter, r *http.Request, values url.Values) error {
	ctx := r.Context()
	a, err := p.attempt(httpapi.Cookie(ctx, attemptCookie))
	httpapi.SetCookie(ctx, dropped(attemptCookie))
	if err != nil {
		return p.refuse(w, r, signInPage, err)
	}
	from := accounts.Client{Address: httpapi.ClientAddr(ctx), UserAgent: httpapi.UserAgent(ctx), Brief: a.Brief}
	to, err := p.finish(ctx, r.PathValue("provider"), a, values, from)
	switch {
	case err != nil && a.links():
		return p.refuse(w, r, a.ReturnTo, err)
	case err != nil:
		return p.refuse(w, r, signInPage, err)
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// finish connects or signs in, and says where the browser goes.
func (p *Providers) finish(ctx context.Context, slug string, a attempt, values url.Values, from accounts.Client) (to string, err error) {
	said, err := readAnswer(values)
	if err != nil {
		return "", err
	}
	provider, who, err := p.identify(ctx, slug, a, said)
	if err != nil {
		return "", err
	}
	if a.links() {
		if err := p.link(ctx, provider, who, a); err != nil {
			return "", err
		}
		httpapi.Subject(ctx, a.User.String())
		return a.ReturnTo, nil
	}
	user, err := p.admit(ctx, provider, who, from)
	if err != nil {
		return "", err
	}
	in, err := p.Users.SignInExternal(ctx, user, "", from)
	if errors.Is(err, accounts.ErrMFARequired) {
		return p.secondFactorPending(ctx, user, a)
	}
	if err != nil {
		return "", err
	}
	httpapi.Subject(ctx, user.String())
	accounts.KeepInCookie(ctx, &in)
	return a.ReturnTo, nil
}

// secondFactorPending lets the browser remember, sealed and for five minutes,
// whom a provider has vouched for, and asks them for their code.
func (p *Providers) secondFactorPending(ctx context.Context, user id.User, a attempt) (to string, err error) {
	cookie, err := p.seal(pendingCookie, pendingLife, http.SameSiteLaxMode, pending{
		User: user, ReturnTo: a.ReturnTo, Brief: a.Brief, Expires: p.Clock.Now().Add(pendingLife),
	})
	if err != nil {
		return "", err
	}
	httpapi.SetCookie(ctx, cookie)
	return signInPage + "?otp=1&return_to=" + url.QueryEscape(a.ReturnTo), nil
}

type codeInput struct {
	Body struct {
		OTP string `json:"otp" minLength:"1" maxLength:"100"`
		accounts.Stay
	}
}

// completed is who signed in, and where they wanted to go.
type completed struct {
	accounts.SignIn
	ReturnTo string `json:"return_to"`
}

func (p *Providers) finishWithCode(ctx context.Context, in *codeInput) (completed, error) {
	w, err := p.pending(httpapi.Cookie(ctx, pendingCookie))
	if err != nil {
		return completed{}, err
	}
	from := accounts.Client{Address: httpapi.ClientAddr(ctx), UserAgent: httpapi.UserAgent(ctx), Brief: w.Brief}
	signedIn, err := p.Users.SignInExternal(ctx, w.User, in.Body.OTP, from)
	if err != nil {
		return completed{}, err
	}
	httpapi.Subject(ctx, signedIn.User.ID.String())
	httpapi.SetCookie(ctx, dropped(pendingCookie))
	if in.Body.Cookie {
		accounts.KeepInCookie(ctx, &signedIn)
	}
	return completed{signedIn, w.ReturnTo}, nil
}

const signInPage = "/account/sign-in"

// refuse leads a browser to a page that says why, by a stable code and never in
// the provider's words; those are for the log. Who is no browser gets a problem.
func (p *Providers) refuse(w http.ResponseWriter, r *http.Request, page string, err error) error {
	var no *errs.Error
	if !errors.As(err, &no) {
		return err
	}
	p.Log.LogAttrs(r.Context(), slog.LevelWarn, "sign-in elsewhere refused", slog.String("request_id", httpapi.RequestID(r.Context())),
		slog.String("provider", r.PathValue("provider")), slog.String("code", no.Code), slog.String("cause", err.Error()))
	if strings.HasSuffix(r.URL.Path, "/start") && !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return err
	}
	w.Header().Set("Location", withError(page, no.Code))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

func withError(page, code string) string {
	u, err := url.Parse(page)
	if err != nil {
		return signInPage + "?error=" + url.QueryEscape(code)
	}
	query := u.Query()
	query.Set("error", code)
	u.RawQuery = query.Encode()
	return u.String()
}
