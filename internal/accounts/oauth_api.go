package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"souk/internal/errs"
)

// oauthError is how RFC 6749 says no.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// oauthToken is the token endpoint of RFC 6749, section 3.2. Clients are not
// registered: who the user is, is what is proven here.
func (u *Users) oauthToken(w http.ResponseWriter, r *http.Request) error {
	form, refusal := oauthForm(r)
	if refusal != nil {
		return writeOAuth(w, http.StatusBadRequest, refusal)
	}
	from := client(r.Context())
	var tokens Tokens
	var err error
	switch form.Get("grant_type") {
	case "password":
		if on, settingErr := PasswordGrantSetting.Get(r.Context(), u.Settings); settingErr != nil || !on {
			if settingErr != nil {
				return settingErr
			}
			return writeOAuth(w, http.StatusBadRequest, &oauthError{"unsupported_grant_type", "This shop does not take passwords here."})
		}
		var in SignIn
		in, err = u.Login(r.Context(), form.Get("username"), form.Get("password"), form.Get("otp"), from)
		tokens = in.Tokens
	case "refresh_token":
		tokens, err = u.Refresh(r.Context(), form.Get("refresh_token"), from)
	default:
		return writeOAuth(w, http.StatusBadRequest, &oauthError{"unsupported_grant_type", "Use password or refresh_token."})
	}
	var no *errs.Error
	switch {
	case err == nil:
		return writeOAuth(w, http.StatusOK, tokens)
	case !errors.As(err, &no) || no.Kind == errs.Unavailable:
		return err
	case no.Kind == errs.TooMany:
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(no.RetryAfter.Seconds()))))
		return writeOAuth(w, http.StatusTooManyRequests, &oauthError{"invalid_grant", no.Message})
	}
	return writeOAuth(w, http.StatusBadRequest, &oauthError{"invalid_grant", no.Message})
}

// oauthForm reads the body; parameters must not come twice, and unknown ones
// are ignored, both by section 3.2.
func oauthForm(r *http.Request) (url.Values, *oauthError) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, &oauthError{"invalid_request", "Send the parameters as application/x-www-form-urlencoded."}
	}
	if err := r.ParseForm(); err != nil {
		return nil, &oauthError{"invalid_request", "The form does not parse, or is too large."}
	}
	need := map[string][]string{"": {"grant_type"}, "password": {"username", "password"}, "refresh_token": {"refresh_token"}}
	for _, name := range append(need[""], need[r.PostForm.Get("grant_type")]...) {
		if values := r.PostForm[name]; len(values) != 1 || values[0] == "" || !OneLine(values[0]) {
			return nil, &oauthError{"invalid_request", fmt.Sprintf("Send %s once.", name)}
		}
	}
	return r.PostForm, nil
}

func writeOAuth(w http.ResponseWriter, status int, answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("write token answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache") // RFC 6749, section 5.1
	w.WriteHeader(status)
	_, err = w.Write(body)
	return err
}
