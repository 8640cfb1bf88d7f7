package errs_test

import (
	"errors"
	"fmt"
	"testing"

	"souk/internal/errs"
)

// Who is busy or away has decided nothing.
func TestARefusalIsADecision(t *testing.T) {
	t.Parallel()
	for kind, want := range map[errs.Kind]bool{
		errs.Invalid: true, errs.NotFound: true, errs.Conflict: true, errs.Forbidden: true, errs.Unavailable: false, errs.TooMany: false,
	} {
		err := fmt.Errorf("pay: %w (%w)", errs.New(kind, "code", "No."), errors.New("cause"))
		if got := errs.Refusal(err); (got != nil) != want {
			t.Errorf("kind %d: %v, want a refusal: %v", kind, got, want)
		}
	}
	if errs.Refusal(nil) != nil || errs.Refusal(errors.New("broken")) != nil {
		t.Error("what is no refusal was taken for one")
	}
}
