package accounts

import (
	"testing"

	"souk/internal/auth"
	"souk/internal/clock"
	"souk/internal/platform/pgtest"
)

func BenchmarkAuthenticate(b *testing.B) {
	u := &Users{DB: pgtest.DB(b), Clock: clock.System{}, Grants: &auth.Grants{}, Issuer: "https://shop.example"}
	in, err := u.Register(b.Context(), Registration{Username: "ann", Email: "ann@example.com", Password: goodPassword}, home)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := u.Authenticate(b.Context(), in.AccessToken); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	u := &Users{}
	for b.Loop() {
		if _, err := u.hash(b.Context(), goodPassword); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckPassword(b *testing.B) {
	long := randomLooking(maxPassword)
	for b.Loop() {
		if bad := checkPassword("", long); len(bad) > 0 {
			b.Fatal(bad)
		}
	}
}
