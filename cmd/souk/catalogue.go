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
	"souk/internal/search"
)

type importCmd struct {
	Products importProductsCmd `cmd:"" help:"Bring products in from a file."`
}

type importProductsCmd struct {
	File    string            `arg:"" help:"CSV or JSON Lines file, or - for standard input."`
	From    string            `default:"auto" enum:"auto,shopify,woocommerce,medusa,spree,souk,souk-jsonl" help:"Kind of file: ${enum}."`
	Map     map[string]string `help:"Which column is which field, in files of other kinds, such as Preis=price." placeholder:"COLUMN=FIELD"`
	Vendor  string            `help:"Slug of the vendor who gets all products, made when missing; without it they go to the vendors that the file names." placeholder:"SLUG"`
	House   string            `default:"House" help:"Vendor of products that name none."`
	Publish bool              `help:"Put products on sale at once instead of waiting for review, but for those that the file marks as drafts."`
	Whole   bool              `name:"all-or-nothing" help:"Change nothing where anything of the file is refused."`
	DryRun  bool              `help:"Say what would happen and change nothing."`
	Errors  string            `help:"Where refused rows go; FILE.errors.csv in the current folder when empty." placeholder:"FILE" type:"path"`
	JSON    bool              `help:"Print the report as JSON."`
}

// Help says what scripts need to know.
func (importProductsCmd) Help() string {
	return `A file fills in and changes, it does not empty: what it does not name stays as it is.
Rows that cannot be taken are reported and written to a file of the same columns, to be
mended and imported; the rest goes in, and the exit code is 0. It is 1 when nothing went in.
With --all-or-nothing a file of which anything is refused changes nothing.`
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
		options := importer.Options{Format: cmd.From, Mapping: cmd.Map, Vendor: cmd.Vendor, House: cmd.House, Publish: cmd.Publish, DryRun: cmd.DryRun, AllOrNothing: cmd.Whole}
		refused := &lateFile{name: cmd.errorsFile()}
		if !cmd.DryRun {
			options.Refused = refused
		}
		var report importer.Report
		var took time.Duration
		bring := func(ctx context.Context) (changed bool, err error) {
			report, err = s.Importer.Run(asCommand(ctx, "import"), io.TeeReader(in, bar), options)
			took = time.Since(started)
			_ = bar.Finish() // a bar that cannot be drawn is no reason to stop
			return report.Created+report.Updated > 0, err
		}
		if cmd.DryRun {
			_, err = bring(ctx)
		} else { // who looks next finds what was imported
			err = s.KeepUp(ctx, bring)
		}
		notWhole := errors.Is(err, importer.ErrNotWhole) // the report says so
		if notWhole {
			err = nil
		}
		if err := errors.Join(err, refused.Close()); err != nil {
			return explain(err)
		}
		if cmd.JSON {
			err = printJSON(report)
		} else {
			cmd.print(report, took)
		}
		if err == nil && (notWhole || report.Nothing()) {
			return errSilent
		}
		return err
	})
}

func (cmd importProductsCmd) print(r importer.Report, took time.Duration) {
	verb := "Read"
	if r.DryRun {
		verb = "Would import"
	}
	fmt.Printf("%s %s (%s) in %s: %s, %s.\n", verb, counted(r.Rows, "row"), r.Format, took.Round(10*time.Millisecond),
		counted(r.Products, "product"), counted(r.Variants, "variant"))
	switch {
	case r.Rows == 0:
		fmt.Println("There is nothing below the header line.")
	case r.Created+r.Updated+r.Refused == 0:
		fmt.Println("Nothing has changed: everything was there already.")
	default:
		fmt.Printf("  products: %d created, %d updated, %d unchanged; rows: %d refused\n", r.Created, r.Updated, r.Unchanged, r.Refused)
	}
	printProblems(r.Problems, r.Further)
	cmd.printWarnings(r)
	switch {
	case len(r.Problems) == 0 || r.DryRun:
	case cmd.Whole:
		fmt.Println(importer.ErrNotWhole.Message)
	default:
		fmt.Printf("The refused rows are in %s: mend them there and import that file.\n", cmd.errorsFile())
	}
}

// shown is how many of a kind are printed.
const shown = 20

func printProblems(problems []importer.Problem, further int) {
	for i, p := range problems {
		if i == shown {
			fmt.Printf("  ... and %d more\n", len(problems)-shown+further)
			break
		}
		where := fmt.Sprintf("row %d", p.Row)
		if p.Column != "" {
			where += ", " + p.Column
		}
		fmt.Printf("  %s: %s\n", where, p.Reason)
	}
}

// printWarnings prints what is no refusal: damage that was seen, and what a
// dry run would change.
func (cmd importProductsCmd) printWarnings(r importer.Report) {
	if len(r.Warnings) > 0 {
		fmt.Println("Look at these, which went in all the same:")
		printProblems(r.Warnings, 0)
	}
	for i, c := range r.Changes {
		if i == shown {
			fmt.Printf("  ... and %d more changes\n", len(r.Changes)-shown)
			break
		}
		fmt.Printf("  %s, %s: %q becomes %q\n", strings.TrimSpace(c.Handle+" "+c.SKU), c.Field, c.Before, c.After)
	}
}

// counted is "1 row" and "2 rows".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
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

// A lateFile is made when something is written to it. It takes the place of an
// older one when it is closed, which may be the one that is being read.
type lateFile struct {
	name string
	file *os.File
}

func (f *lateFile) Write(p []byte) (int, error) {
	if f.file == nil {
		var err error
		if f.file, err = os.CreateTemp(filepath.Dir(f.name), filepath.Base(f.name)+".*"); err != nil {
			return 0, err
		}
	}
	return f.file.Write(p)
}

func (f *lateFile) Close() error {
	if f.file == nil {
		return nil
	}
	// Like a file that the shell makes: readable for those who may read the folder.
	return errors.Join(f.file.Chmod(0o644), f.file.Close(), os.Rename(f.file.Name(), f.name))
}

type exportCmd struct {
	Products exportProductsCmd `cmd:"" help:"Take products out as a file."`
}

type exportProductsCmd struct {
	File   string `arg:"" default:"-" help:"File, or - for standard output."`
	Format string `default:"souk" enum:"souk,souk-jsonl,shopify" help:"Kind of file: ${enum}."`
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
		rows, err := s.Importer.Export(ctx, out, cmd.Format, cmd.Vendor)
		if err != nil {
			return explain(err)
		}
		if cmd.File != "-" {
			fmt.Printf("Wrote %s to %s.\n", counted(rows, "variant"), cmd.File)
		}
		return nil
	})
}

type searchCmd struct {
	Reindex reindexCmd      `cmd:"" help:"Rebuild every listing; the nodes read them again."`
	Status  searchStatusCmd `cmd:"" help:"Say how the listings stand, and the index of each node."`
}

type reindexCmd struct{}

func (reindexCmd) Run(ctx context.Context, c *config.Config) error {
	return withShop(ctx, c, func(s *shop) error {
		started := time.Now()
		listings, err := s.Search.Rebuild(ctx, nil)
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
		nodes, err := s.Search.Nodes(ctx)
		if err != nil {
			return err
		}
		return printJSON(struct {
			search.Status
			Nodes []search.Node `json:"nodes"`
		}{status, nodes})
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
