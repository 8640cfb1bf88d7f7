package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"souk/internal/platform/config"
	"souk/internal/torture"
)

type tortureCmd struct {
	Buyers      int           `default:"50" help:"Buyers at once in each round."`
	Units       int           `default:"1" help:"Units for sale in each round."`
	Rounds      int           `default:"200" help:"Rounds."`
	Kill        bool          `help:"Kill the server with SIGKILL now and then, sometimes its PostgreSQL too."`
	CrashPoints bool          `help:"Kill the server at every named crash point instead."`
	Coupon      bool          `help:"Have the buyers race for the uses of one coupon instead, of which there are as many as units."`
	GiftCard    bool          `help:"Have the buyers drain one gift card instead, which pays as many orders as there are units; with --kill under kills."`
	Provider    string        `help:"Have the buyers pay by a fake of this provider instead, whose answers and notices get lost: stripe, razorpay or paypal." placeholder:"NAME"`
	Seed        uint64        `help:"Repeat the schedule of faults of an earlier run; random when 0."`
	Within      time.Duration `default:"1h" help:"Give up after this time."`
	JSON        bool          `help:"Print JSON."`

	URL      string `help:"Torture a server of this machine that runs already; it keeps what is ordered." placeholder:"URL"`
	Email    string `help:"Staff member of that server." env:"SOUK_TORTURE_EMAIL"`
	Password string `help:"Password of the staff member." env:"SOUK_TORTURE_PASSWORD"`

	Act string `hidden:"" help:"Do one step in this process, for --crash-points."`
	On  string `hidden:"" help:"What the step is done to."`
}

// Validate is called by kong.
func (cmd *tortureCmd) Validate() error {
	switch {
	case cmd.Buyers < 1 || cmd.Buyers > 1000:
		return errors.New("--buyers: want 1 to 1000")
	case cmd.Units < 1 || cmd.Units > 100_000:
		return errors.New("--units: want 1 to 100000")
	case cmd.Rounds < 1 || cmd.Rounds > 100_000:
		return errors.New("--rounds: want 1 to 100000")
	case cmd.Coupon && (cmd.Kill || cmd.CrashPoints):
		return errors.New("--coupon: nothing is killed over a coupon: leave out --kill and --crash-points")
	case cmd.GiftCard && (cmd.Coupon || cmd.CrashPoints):
		return errors.New("--gift-card: leave out --coupon and --crash-points")
	case cmd.Provider != "" && !slices.Contains([]string{"stripe", "razorpay", "paypal"}, cmd.Provider):
		return errors.New("--provider: want stripe, razorpay or paypal")
	case cmd.Provider != "" && (cmd.Coupon || cmd.GiftCard):
		return errors.New("--provider: leave out --coupon and --gift-card")
	case cmd.URL != "" && (cmd.Email == "" || cmd.Password == ""):
		return errors.New("--url: say --email and SOUK_TORTURE_PASSWORD of a staff member too")
	}
	return nil
}

// Run tortures a shop of its own, in a temporary folder, whatever database the
// settings name. It exits 1 when the shop broke.
func (cmd *tortureCmd) Run(ctx context.Context, c *config.Config) error {
	if cmd.Act != "" {
		return torture.Act(ctx, c, cmd.Act, cmd.On)
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, cmd.Within, errors.New("it took longer than --within"))
	defer cancel()
	try := torture.Storm
	switch {
	case cmd.CrashPoints:
		try = torture.CrashPoints
	case cmd.GiftCard:
		try = torture.DrainGiftCard
	case cmd.Coupon:
		try = torture.HotCoupon
	case cmd.Provider != "":
		try = torture.PayTogether
	}
	report, err := try(ctx, torture.Plan{
		Exe: exe, Buyers: cmd.Buyers, Units: cmd.Units, Rounds: cmd.Rounds, Kill: cmd.Kill, Seed: cmd.Seed, Provider: cmd.Provider,
		URL: cmd.URL, Email: cmd.Email, Password: cmd.Password, Step: stepBar(),
	})
	if err != nil {
		return err
	}
	if cmd.JSON {
		err = printJSON(report)
	} else {
		report.Print(os.Stdout)
	}
	if err == nil && !report.OK {
		return errSilent
	}
	return err
}

// stepBar draws how many steps are done, on a terminal.
func stepBar() func(done, of int, at string) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, of int, at string) {
		if bar == nil {
			bar = progressbar.NewOptions(of, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription("Torturing"),
				progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		}
		if at != "" {
			bar.Describe(at)
		}
		_ = bar.Set(done) // a bar that cannot be drawn is no reason to stop
	}
}
