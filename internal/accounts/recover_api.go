package accounts

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/platform/httpapi"
)

// recoverRoutes mounts what a mailbox is good for. Tokens are never kept with an
// Idempotency-Key.
func (u *Users) recoverRoutes(r *httpapi.Router) {
	asks, mailed := httpapi.Public("the mailbox is the proof"), httpapi.Public("the mailed token is the secret")
	small, accepted, done := httpapi.BodyLimit(maxAuthBody), httpapi.Status(http.StatusAccepted), httpapi.Status(http.StatusNoContent)
	unstored, login := httpapi.NeverStored(), httpapi.Limit(httpapi.LimitLogin)
	same := "The answer is the same whether or not there is such an account."
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/password/forgot", u.forgot, asks, small, unstored, accepted, login,
		httpapi.Summary("Mail a link that resets a password"), httpapi.Describe(same+" The link works once, for 30 minutes."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/password/reset", u.resetByToken, mailed, small, unstored, done, login,
		httpapi.Summary("Set a password by a mailed token"), httpapi.Describe("Ends every session of the user, and begins none."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/link", u.askForLink, asks, small, unstored, accepted, login,
		httpapi.Summary("Mail a link that signs in"), httpapi.Describe(same+" The link works once, for 30 minutes."))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/link/use", u.useLink, mailed, small, unstored, httpapi.Status(http.StatusOK), login,
		httpapi.Summary("Sign in by a mailed token"))
	httpapi.Post(r, "/api/v1/auth/verify-email", u.verifyEmail, mailed, small, unstored, done, login, httpapi.Summary("Prove a mailbox by a mailed token"))
	httpapi.Action(r, http.MethodPost, "/api/v1/auth/verify-email/resend", u.resendVerification, httpapi.Needs(auth.AsCustomer), unstored, accepted,
		httpapi.Summary("Mail me the link that proves my mailbox again"))
	httpapi.Action(r, http.MethodPost, "/api/v1/me/email", u.changeEmail, httpapi.Needs(auth.AsCustomer), httpapi.StepUp(), small, accepted,
		httpapi.Summary("Ask for another e-mail address"), httpapi.Describe("A link is mailed to it; the address is mine when I open the link. The old one is told."))
	httpapi.Post(r, "/api/v1/auth/email/confirm", u.confirmEmail, mailed, small, unstored, done, login, httpapi.Summary("Take the e-mail address that a token was mailed to"))
}

type mailInput struct {
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

func (u *Users) forgot(ctx context.Context, in *mailInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.AskForMail(ctx, ResetPassword, in.Body.Email, client(ctx))
}

func (u *Users) askForLink(ctx context.Context, in *mailInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.AskForMail(ctx, SignInByMail, in.Body.Email, client(ctx))
}

type resetInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"500"`
		Password string `json:"password" format:"password"`
	}
}

func (u *Users) resetByToken(ctx context.Context, in *resetInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.RedeemReset(ctx, in.Body.Token, in.Body.Password)
}

type useLinkInput struct {
	Body struct {
		Token string `json:"token" maxLength:"500"`
		OTP   string `json:"otp,omitempty" maxLength:"100" doc:"Looked at only for accounts with a second factor."`
		Stay
	}
}

func (u *Users) useLink(ctx context.Context, in *useLinkInput) (SignIn, error) {
	signedIn, err := u.SignInByLink(ctx, in.Body.Token, in.Body.OTP, in.Body.client(ctx))
	httpapi.Subject(ctx, signedIn.User.ID.String())
	in.Body.deliver(ctx, &signedIn.Tokens)
	return signedIn, err
}

type tokenInput struct {
	Body struct {
		Token string `json:"token" maxLength:"500"`
	}
}

func (u *Users) verifyEmail(ctx context.Context, tx pgx.Tx, in *tokenInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.Verify(ctx, tx, in.Body.Token)
}

func (u *Users) resendVerification(ctx context.Context, _ *struct{}) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.AskVerification(ctx, client(ctx))
}

func (u *Users) changeEmail(ctx context.Context, in *mailInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.AskEmailChange(ctx, in.Body.Email, client(ctx))
}

func (u *Users) confirmEmail(ctx context.Context, tx pgx.Tx, in *tokenInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, u.ConfirmEmail(ctx, tx, in.Body.Token)
}
