package conform

import (
	"testing"
)

func probe(t *testing.T, b Bench) {
	name, err := b.Provider.Probe(t.Context())
	if err != nil || name == "" {
		t.Errorf("the account is %q, %v", name, err)
	}
}
