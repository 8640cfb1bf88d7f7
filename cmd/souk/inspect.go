package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"souk/internal/app"
	"souk/internal/platform/config"
)

// busy is what a taken port says.
const busy = syscall.EADDRINUSE

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" default:"withargs" help:"Take every step that is missing."`
	Status migrateStatusCmd `cmd:"" help:"Name the steps that are missing."`
	Dump   migrateDumpCmd   `cmd:"" help:"Print the schema as SQL, for reviewers."`
}

type migrateUpCmd struct{}

func (migrateUpCmd) Run(ctx context.Context, c *config.Config) (err error) {
	s, err := openShop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	applied, err := s.Prepare(ctx)
	for _, step := range applied {
		fmt.Printf("%-40s %s\n", step.Name, step.Took)
	}
	if err == nil && len(applied) == 0 {
		fmt.Println("The schema is up to date.")
	}
	return err
}

type migrateStatusCmd struct{}

func (migrateStatusCmd) Run(ctx context.Context, c *config.Config) (err error) {
	s, err := openShop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	missing, err := s.PendingMigrations(ctx)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		fmt.Println("The schema is up to date.")
		return nil
	}
	fmt.Println("Missing:")
	for _, name := range missing {
		fmt.Println("  " + name)
	}
	return errSilent
}

type migrateDumpCmd struct{}

func (migrateDumpCmd) Run(ctx context.Context, c *config.Config) (err error) {
	s, err := openShop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	if _, err := s.Prepare(ctx); err != nil {
		return err
	}
	schema, err := app.Schema(ctx, s.db.URL)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(schema)
	return err
}

type openapiCmd struct{}

func (openapiCmd) Run() error {
	document, err := app.Unplugged().Router.OpenAPI()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(document)
	return err
}

type routesCmd struct{}

func (routesCmd) Run() error { return app.Unplugged().Router.WriteRoutes(os.Stdout) }

type versionCmd struct{}

func (versionCmd) Run() error {
	_, err := fmt.Println("souk", version)
	return err
}

type configCmd struct {
	Show configShowCmd `cmd:"" help:"Print each setting with its value and where it came from."`
}

type configShowCmd struct {
	JSON bool `help:"Print JSON."`
}

func (cmd configShowCmd) Run(sources *config.Sources, parsed *kong.Context) error {
	settings := sources.Settings(parsed)
	if cmd.JSON {
		return printJSON(settings)
	}
	for _, s := range settings {
		fmt.Printf("%-24s %-40s %s\n", s.Name, s.Value, s.Origin)
	}
	return nil
}

type psqlCmd struct {
	Args []string `arg:"" optional:"" help:"Passed on to psql."`
}

func (cmd psqlCmd) Run(ctx context.Context, c *config.Config) (err error) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		return errors.New("there is no psql on this machine: install the package postgresql-client")
	}
	s, err := openShop(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	args := append([]string{"--dbname", s.db.URL}, cmd.Args...)
	run := exec.CommandContext(ctx, psql, slices.DeleteFunc(args, func(a string) bool { return a == "--" })...)
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, os.Stdout, os.Stderr
	return run.Run()
}

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that knows the names of commands; flags are in --help.
func (cmd completionCmd) Run(parsed *kong.Context) error {
	var lines []string
	for _, command := range parsed.Model.Children {
		subs := make([]string, len(command.Children))
		for i, sub := range command.Children {
			subs[i] = sub.Name
		}
		lines = append(lines, completionLine(cmd.Shell, command.Name, command.Help, subs))
	}
	_, err := fmt.Print(completionScript(cmd.Shell, parsed.Model.Children, lines))
	return err
}

func completionLine(shell, command, help string, subs []string) string {
	switch shell {
	case "fish":
		line := fmt.Sprintf("complete -c souk -f -n __fish_use_subcommand -a %s -d %q", command, help)
		if len(subs) > 0 {
			line += fmt.Sprintf("\ncomplete -c souk -n '__fish_seen_subcommand_from %s' -a '%s'", command, strings.Join(subs, " "))
		}
		return line
	default:
		return fmt.Sprintf("    %s) words='%s' ;;", command, strings.Join(subs, " "))
	}
}

func completionScript(shell string, commands []*kong.Node, lines []string) string {
	names := make([]string, len(commands))
	for i, command := range commands {
		names[i] = command.Name
	}
	if shell == "fish" {
		return strings.Join(lines, "\n") + "\n"
	}
	script := fmt.Sprintf(`_souk() {
  local words=''
  case "$COMP_CWORD" in
  1) words='%s' ;;
  2) case "${COMP_WORDS[1]}" in
%s
    esac ;;
  esac
  [ -n "$words" ] && COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _souk souk
`, strings.Join(names, " "), strings.Join(lines, "\n"))
	if shell == "zsh" {
		return "autoload -U +X bashcompinit && bashcompinit\n" + script
	}
	return script
}
