package mfa

import (
	"context"

	"github.com/jackc/pgx/v5"

	"souk/internal/auth"
	"souk/internal/id"
	"souk/internal/platform/httpapi"
)

func (f *Factors) show(ctx context.Context, _ *struct{}) (Status, error) {
	s, err := f.Status(ctx, f.DB, auth.From(ctx).User)
	if s.Passkeys == nil {
		s.Passkeys = []Passkey{}
	}
	return s, err
}

func (f *Factors) enroll(ctx context.Context, tx pgx.Tx, _ *struct{}) (Enrollment, error) {
	return f.Enroll(ctx, tx, auth.From(ctx).User)
}

type codeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"20"`
	}
}

// codes are recovery codes, shown once.
type codes struct {
	RecoveryCodes []string `json:"recovery_codes" doc:"Each signs in once, in place of a code of the app."`
}

func (f *Factors) confirm(ctx context.Context, tx pgx.Tx, in *codeInput) (codes, error) {
	made, err := f.Confirm(ctx, tx, auth.From(ctx).User, in.Body.Code)
	return codes{made}, err
}

func (f *Factors) remove(ctx context.Context, tx pgx.Tx, _ *struct{}) (httpapi.Empty, error) {
	return httpapi.Empty{}, f.Remove(ctx, tx, auth.From(ctx).User)
}

func (f *Factors) renewCodes(ctx context.Context, tx pgx.Tx, _ *struct{}) (codes, error) {
	made, err := f.RenewCodes(ctx, tx, auth.From(ctx).User)
	return codes{made}, err
}

func (f *Factors) listPasskeys(ctx context.Context, _ *struct{}) (httpapi.List[Passkey], error) {
	keys, err := f.Passkeys(ctx, f.DB, auth.From(ctx).User)
	return httpapi.List[Passkey]{Data: keys}, err
}

func (f *Factors) startPasskey(ctx context.Context, tx pgx.Tx, _ *struct{}) (Ceremony, error) {
	return f.StartPasskey(ctx, tx, auth.From(ctx).User)
}

type createPasskeyInput struct {
	Body struct {
		Session    string         `json:"session" maxLength:"4000"`
		Name       string         `json:"name" maxLength:"60" example:"My phone"`
		Credential map[string]any `json:"credential" doc:"What toJSON() makes of the browser's PublicKeyCredential."`
	}
}

func (f *Factors) createPasskey(ctx context.Context, tx pgx.Tx, in *createPasskeyInput) (Passkey, error) {
	return f.AddPasskey(ctx, tx, auth.From(ctx).User, in.Body.Session, in.Body.Name, in.Body.Credential)
}

type renamePasskeyInput struct {
	Passkey id.Factor `path:"passkey"`
	Body    struct {
		Name string `json:"name" maxLength:"60"`
	}
}

func (f *Factors) renamePasskey(ctx context.Context, tx pgx.Tx, in *renamePasskeyInput) (Passkey, error) {
	return f.Rename(ctx, tx, auth.From(ctx).User, in.Passkey, in.Body.Name)
}

type passkeyInput struct {
	Passkey id.Factor `path:"passkey"`
}

func (f *Factors) removePasskey(ctx context.Context, tx pgx.Tx, in *passkeyInput) (httpapi.Empty, error) {
	return httpapi.Empty{}, f.RemovePasskey(ctx, tx, auth.From(ctx).User, in.Passkey)
}
