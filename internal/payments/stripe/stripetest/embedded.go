package stripetest

import (
	"net/http"
	"strings"

	"souk/internal/payments/fakes"
)

// script stands in for Stripe.js: one function of it, as it is described, which
// shows the choices of the fake's page in a frame.
// https://docs.stripe.com/js/embedded_checkout
const script = `"use strict";
window.Stripe = (key) => {
  if (typeof key !== "string" || !key.startsWith("pk_")) throw new Error("IntegrationError: this is no publishable key.");
  return {
    async createEmbeddedCheckoutPage({ fetchClientSecret }) {
      const secret = await fetchClientSecret();
      if (!/^cs_test_\w+_secret_\w+$/.test(secret)) throw new Error("IntegrationError: this is no client secret of a Checkout Session.");
      const frame = document.createElement("iframe");
      frame.title = "Secure payment";
      frame.src = ORIGIN + "/c/embedded/" + secret.split("_secret_")[0] + "?key=" + key + "&client_secret=" + secret;
      frame.style.cssText = "width: 100%; height: 240px; border: 0";
      frame.onload = () => { frame.dataset.loaded = "true"; }; // for tests: nobody else can look into it
      return {
        mount(place) {
          const element = typeof place === "string" ? document.querySelector(place) : place;
          if (element.hasChildNodes()) throw new Error("IntegrationError: the element is not empty.");
          element.append(frame);
        },
        unmount() { frame.remove(); },
        destroy() { frame.remove(); },
      };
    },
  };
};
`

func serveScript(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	_, _ = w.Write([]byte(strings.Replace(script, "ORIGIN", `"http://`+r.Host+`"`, 1))) // who has hung up does not want it
}

// showFrame is what the shop's page shows of a session to whoever knows its secret.
// A declined card leaves the buyer there; all else leads on with the whole window.
func (s *Server) showFrame(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s.show(w, r, map[fakes.Outcome]string{fakes.Pays: "_top", fakes.PaysLater: "_top", fakes.Declined: ""}, func(x *session) bool {
		return x.secret != "" && q.Get("client_secret") == x.secret && q.Get("key") == publishable
	})
}

// again is where a buyer goes on who was declined.
func (x *session) again() string {
	if x.secret == "" {
		return "/c/pay/" + x.id
	}
	return "/c/embedded/" + x.id + "?key=" + publishable + "&client_secret=" + x.secret
}
