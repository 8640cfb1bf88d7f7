package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"souk/internal/importer"
	"souk/internal/platform/config"
)

type importCmd struct {
	Products importProductsCmd `cmd:"" help:"Bring products in from a CSV file."`
}

type importProductsCmd struct {
	File    string `arg:"" help:"CSV file, or - for standard input."`
	From    string `default:"auto" help:"Kind of file: auto, shopify, spree or souk."`
	Vendor  string `help:"Slug of the vendor who gets all products; without it they go to the vendors that the file names." placeholder:"SLUG"`
	House   string `default:"House" help:"Vendor of products that name none."`
	Publish bool   `help:"Put products on sale at once instead of waiting for review."`
	DryRun  bool   `help:"Say what would happen and change nothing."`
	Errors  string `help:"Where refused rows go; FILE.errors.csv when empty." placeholder:"FILE" type:"path"`
	JSON    bool   `help:"Print the report as JSON."`
}

func (cmd importProductsCmd) Run(ctx context.Context, c *config.Config) error {
	in, size, err := openInput(cmd.File)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	return withShop(ctx, c, func(s *shop) error {
		bar := progress(size, "Importing")
		started := time.Now()
		report, err := s.Importer.Run(asCommand(ctx, "import"), io.TeeReader(in, bar), importer.Options{
			Format: cmd.From, Vendor: cmd.Vendor, House: cmd.House, Publish: cmd.Publish, DryRun: cmd.DryRun,
		})
		_ = bar.Finish() // a bar that cannot be drawn is no reason to stop
		if err != nil {
			return explain(err)
		}
		if err := cmd.writeRefused(report); err != nil {
			return err
		}
		if cmd.JSON {
			return printJSON(report)
		}
		cmd.print(report, time.Since(started))
		return nil
	})
}

func (cmd importProductsCmd) print(r importer.Report, took time.Duration) {
	verb := "Read"
	if r.DryRun {
		verb = "Would import"
	}
	fmt.Printf("%s %d rows (%s) in %s: %d products, %d variants.\n", verb, r.Rows, r.Format, took.Round(10*time.Millisecond), r.Products, r.Variants)
	if r.Created+r.Updated+r.Refused == 0 {
		fmt.Println("Nothing has changed: everything was there already.")
	} else {
		fmt.Printf("  created %d, updated %d, unchanged %d, refused %d\n", r.Created, r.Updated, r.Unchanged, r.Refused)
	}
	const shown = 20
	for i, p := range r.Problems {
		if i == shown {
			fmt.Printf("  ... and %d more\n", len(r.Problems)-shown)
			break
		}
		where := fmt.Sprintf("row %d", p.Row)
		if p.Column != "" {
			where += ", " + p.Column
		}
		fmt.Printf("  %s: %s\n", where, p.Reason)
	}
	if len(r.Problems) > 0 && !r.DryRun {
		fmt.Printf("The refused rows are in %s: mend them there and import that file.\n", cmd.errorsFile())
	}
}

func (cmd importProductsCmd) errorsFile() string {
	switch {
	case cmd.Errors != "":
		return cmd.Errors
	case cmd.File == "-":
		return "import.errors.csv"
	}
	name := filepath.Base(cmd.File)
	return strings.TrimSuffix(name, filepath.Ext(name)) + ".errors.csv"
}

func (cmd importProductsCmd) writeRefused(r importer.Report) (err error) {
	if len(r.Problems) == 0 || r.DryRun {
		return nil
	}
	out, err := os.Create(cmd.errorsFile())
	if err != nil {
		return fmt.Errorf("write refused rows: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	return r.WriteRefused(out)
}

type exportCmd struct {
	Products exportProductsCmd `cmd:"" help:"Take products out as Souk's CSV."`
}

type exportProductsCmd struct {
	File   string `arg:"" default:"-" help:"CSV file, or - for standard output."`
	Vendor string `help:"Slug of the one vendor whose products are wanted." placeholder:"SLUG"`
}

func (cmd exportProductsCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) (err error) {
		out := os.Stdout
		if cmd.File != "-" {
			if out, err = os.Create(cmd.File); err != nil {
				return fmt.Errorf("write the export: %w", err)
			}
			defer func() { err = errors.Join(err, out.Close()) }()
		}
		rows, err := s.Importer.Export(ctx, out, cmd.Vendor)
		if err != nil {
			return explain(err)
		}
		if cmd.File != "-" {
			fmt.Printf("Wrote %d rows to %s.\n", rows, cmd.File)
		}
		return nil
	})
}

type searchCmd struct {
	Reindex reindexCmd      `cmd:"" help:"Rebuild every listing."`
	Status  searchStatusCmd `cmd:"" help:"Say how the listings stand."`
}

type reindexCmd struct{}

func (reindexCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		started := time.Now()
		listings, err := s.Search.Rebuild(ctx)
		if err != nil {
			return err
		}
		fmt.Printf("Rebuilt %d listings in %s.\n", listings, time.Since(started).Round(time.Millisecond))
		return nil
	})
}

type searchStatusCmd struct{}

func (searchStatusCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		status, err := s.Search.Status(ctx)
		if err != nil {
			return err
		}
		return printJSON(status)
	})
}

// openInput opens a file, or standard input of unknown size for "-".
func openInput(name string) (io.ReadCloser, int64, error) {
	if name == "-" {
		return os.Stdin, -1, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, 0, fmt.Errorf("open the file: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open the file: %w", err), file.Close())
	}
	return file, info.Size(), nil
}

// progress is a bar on a terminal, and silence elsewhere.
func progress(size int64, what string) *progressbar.ProgressBar {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return progressbar.DefaultBytesSilent(size, what)
	}
	return progressbar.DefaultBytes(size, what)
}
