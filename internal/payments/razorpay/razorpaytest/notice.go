package razorpaytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"souk/internal/payments/fakes"
)

// tell writes a notice: a snapshot of what it is about, signed when it is brought.
// https://razorpay.com/docs/webhooks/payments/
func (s *Server) tell(event string, about map[string]any) {
	payload := map[string]any{}
	for name, entity := range about {
		payload[name] = map[string]any{"entity": entity}
	}
	body, err := json.Marshal(map[string]any{
		"entity": "event", "account_id": s.AccountID, "event": event, "contains": slices.Sorted(maps.Keys(about)), "payload": payload,
		"created_at": s.now(),
	})
	if err != nil {
		panic(err) // all of it is ours
	}
	s.out = append(s.out, s.letter(body))
}

func (s *Server) letter(body []byte) fakes.Letter {
	id := letters(14)
	return fakes.Letter{Body: body, Sign: func(body []byte, m fakes.Manner) http.Header {
		s.mu.Lock()
		defer s.mu.Unlock()
		secret := s.secret
		if m == fakes.OldSecret && s.previous != "" {
			secret = s.previous
		}
		h := http.Header{}
		h.Set("X-Razorpay-Signature", signature(secret, body))
		h.Set("X-Razorpay-Event-Id", id)
		return h
	}}
}

// Notice is a genuine notice of any account, as a request to the shop.
func (s *Server) Notice(account string) (http.Header, []byte) {
	s.mu.Lock()
	body, err := json.Marshal(map[string]any{
		"entity": "event", "account_id": account, "event": "payment.captured", "contains": []string{"payment"}, "created_at": s.now(),
		"payload": map[string]any{"payment": map[string]any{"entity": payment{ID: newID("pay"), OrderID: newID("order"), Status: "captured"}}},
	})
	s.mu.Unlock()
	if err != nil {
		panic(err) // all of it is ours
	}
	return s.letter(body).Sign(body, fakes.Straight), body
}

func signature(secret string, message []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(message)
	return hex.EncodeToString(mac.Sum(nil))
}
