// Command souk is an open marketplace in one binary.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"souk/internal/app"
	"souk/internal/platform/config"
)

// version is set by the build.
var version = "dev"

// cli is the command line: the settings that every command shares, then the
// commands.
type cli struct {
	config.Config

	Serve    serveCmd      `cmd:"" help:"Serve the shop."`
	Worker   workerCmd     `cmd:"" help:"Work jobs beside other nodes that serve."`
	Demo     demoCmd       `cmd:"" help:"Serve a marketplace full of demo data."`
	Migrate  migrateCmd    `cmd:"" help:"Bring the database's schema up to date."`
	User     userCmd       `cmd:"" help:"Make and mend user accounts."`
	APIKey   apikeyCmd     `cmd:"" name:"apikey" help:"Make and revoke API keys."`
	Audit    auditCmd      `cmd:"" help:"Check the audit trail."`
	Keys     keysCmd       `cmd:"" help:"Show and change the keys that sign access tokens."`
	Settings settingsCmd   `cmd:"" help:"List and change what staff change while the shop runs."`
	Tax      taxCmd        `cmd:"" help:"Make tax zones and rates from presets."`
	Secrets  secretsCmd    `cmd:"" help:"Change the master key."`
	Mail     mailCmd       `cmd:"" help:"Try whether mail arrives."`
	Import   importCmd     `cmd:"" help:"Bring a catalogue in from a file."`
	Export   exportCmd     `cmd:"" help:"Take the catalogue out to a file."`
	Promos   promotionsCmd `cmd:"" name:"promotions" help:"Try promotions on past orders."`
	Ledger   ledgerCmd     `cmd:"" help:"Close months of the books and take the journal out."`
	Search   searchCmd     `cmd:"" help:"Rebuild the listings, or say how they stand."`
	Books    reconcileCmd  `cmd:"" name:"reconcile" help:"Compare the books of a payment provider with the shop's."`
	Verify   verifyCmd     `cmd:"" help:"Check that every invariant of the shop holds."`
	Torture  tortureCmd    `cmd:"" help:"Try to make a shop oversell, with races and kill -9."`
	Doctor   doctorCmd     `cmd:"" help:"Say what is healthy and what is not."`
	Conf     configCmd     `cmd:"" name:"config" help:"Show the settings."`
	OpenAPI  openapiCmd    `cmd:"" name:"openapi" help:"Print the API's contract as OpenAPI 3.1."`
	Routes   routesCmd     `cmd:"" help:"Print every URL with the permission it needs."`
	Psql     psqlCmd       `cmd:"" passthrough:"" help:"Open psql on the shop's database."`

	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print a completion script for a shell."`
}

// Exit codes that scripts may rely on; 1 is any other failure.
const (
	exitUsage      = 2
	exitConfig     = 3
	exitDependency = 4
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	c, sources := &cli{}, &config.Sources{}
	parser := kong.Must(c,
		kong.Name("souk"),
		kong.Description("An open marketplace in one binary.\n\nSettings are read from flags, then the environment, then souk.toml; `souk config show` tells which."),
		kong.Resolvers(sources),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "souk:", err)
		if badSetting(err) {
			return exitConfig
		}
		return exitUsage
	}
	if err := parsed.Run(&c.Config, sources, parsed); err != nil {
		if !errors.Is(err, errSilent) {
			fmt.Fprintln(os.Stderr, "souk:", err)
		}
		if errors.Is(err, app.ErrDependency) {
			return exitDependency
		}
		return 1
	}
	return 0
}

// errSilent ends a command that has said all there is to say.
var errSilent = errors.New("see above")

// badSetting tells a wrong value of a setting from a wrong command line.
func badSetting(err error) bool {
	var parse *kong.ParseError
	return !errors.As(err, &parse) || parse.Context == nil || parse.Context.Command() != "" && parse.Context.Error == nil
}
