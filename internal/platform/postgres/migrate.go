package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"souk/migrations"
)

// Applied is one step that a migration took.
type Applied struct {
	Name string
	Took time.Duration
}

// migrationLock is the advisory lock that one migrating process holds: "souk".
const migrationLock = 0x736f756b

// Migrate brings the schema up to date: the steps of package migrations, then
// River's own tables. It says what it did, which is nothing the second time.
// Of two binaries that start at once, one works and the other waits.
func Migrate(ctx context.Context, pool *pgxpool.Pool) (applied []Applied, err error) {
	patient, err := patientPool(ctx, pool)
	if err != nil {
		return nil, err
	}
	defer patient.Close()

	unlock, err := lockMigrations(ctx, patient)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()

	if applied, err = migrateSchema(ctx, patient); err != nil {
		return applied, err
	}
	jobs, err := migrateJobs(ctx, patient)
	return append(applied, jobs...), err
}

// Pending names the steps that Migrate would take.
func Pending(ctx context.Context, pool *pgxpool.Pool) (names []string, err error) {
	steps, closeSteps, err := schemaSteps(pool)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeSteps()) }()
	states, err := steps.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", Explain(err))
	}
	for _, s := range states {
		if s.State == goose.StatePending {
			names = append(names, s.Source.Path)
		}
	}
	jobs, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare job tables: %w", err)
	}
	existing, err := jobs.ExistingVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read job tables: %w", Explain(err))
	}
	for _, v := range jobs.AllVersions()[len(existing):] {
		names = append(names, jobStep(v.Version, v.Name))
	}
	return names, nil
}

// patientPool has the same settings but lets a statement take its time: an
// index over a large table does. It still gives up soon on a lock, because
// everybody else queues behind the one who waits.
func patientPool(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Pool, error) {
	config := pool.Config()
	config.MinConns, config.MinIdleConns = 0, 0
	config.MaxConns = 4
	config.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	config.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	config.ConnConfig.RuntimeParams["lock_timeout"] = "5000"
	patient, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database to migrate: %w", Explain(err))
	}
	return patient, nil
}

// lockMigrations asks again and again instead of waiting in the server: a
// session that waits there holds a snapshot, and CREATE INDEX CONCURRENTLY
// would wait for it in turn. It covers River's steps too, which goose's own
// locker does not.
func lockMigrations(ctx context.Context, pool *pgxpool.Pool) (unlock func() error, err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock migrations: %w", Explain(err))
	}
	for {
		var mine bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(@lock)`, pgx.NamedArgs{"lock": migrationLock}).Scan(&mine); err != nil {
			conn.Release()
			return nil, fmt.Errorf("lock migrations: %w", Explain(err))
		}
		if mine {
			break
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			conn.Release()
			return nil, fmt.Errorf("wait for another migration: %w", err)
		}
	}
	return func() error {
		// The lock belongs to the session: ending it cannot leave the lock behind.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		return conn.Hijack().Close(ctx)
	}, nil
}

func schemaSteps(pool *pgxpool.Pool) (steps *goose.Provider, closeSteps func() error, err error) {
	db := stdlib.OpenDBFromPool(pool)
	steps, err = goose.NewProvider(goose.DialectPostgres, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read migrations: %w", err), db.Close())
	}
	return steps, steps.Close, nil
}

func migrateSchema(ctx context.Context, pool *pgxpool.Pool) (applied []Applied, err error) {
	steps, closeSteps, err := schemaSteps(pool)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closeSteps()) }()
	results, err := steps.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, Applied{r.Source.Path, r.Duration})
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", Explain(err))
	}
	return applied, nil
}

func migrateJobs(ctx context.Context, pool *pgxpool.Pool) (applied []Applied, err error) {
	jobs, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare job tables: %w", err)
	}
	result, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return nil, fmt.Errorf("migrate job tables: %w", Explain(err))
	}
	for _, v := range result.Versions {
		applied = append(applied, Applied{jobStep(v.Version, v.Name), v.Duration})
	}
	if len(applied) > 0 {
		if _, err := pool.Exec(ctx, TuneJobs); err != nil {
			return applied, fmt.Errorf("tune job tables: %w", Explain(err))
		}
	}
	return applied, nil
}

// TuneJobs follows River's own steps. A queue is few live rows among many dead ones, so it is vacuumed by the count
// of the dead, not by their share.
const TuneJobs = `
	ALTER TABLE river_job SET (
		autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
		autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 5000,
		autovacuum_vacuum_cost_delay = 1)`

func jobStep(version int, name string) string { return fmt.Sprintf("river/%04d %s", version, name) }

// SchemaVersion is the number of the newest step of package migrations that the
// database has taken.
func SchemaVersion(ctx context.Context, db DB) (int64, error) {
	version, err := Scalar[int64](ctx, db, `SELECT coalesce(max(version_id), 0) AS version FROM goose_db_version WHERE is_applied`, nil)
	if err != nil {
		return 0, fmt.Errorf("read version of the schema: %w", err)
	}
	return version, nil
}
