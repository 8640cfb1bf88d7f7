package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Superuser owns a private cluster and its databases.
const Superuser = "souk"

// port only names the socket file: a private cluster does not listen on TCP.
const port = 5432

// ErrOwned says that another process runs the cluster. [Running] tells where.
var ErrOwned = errors.New("another process runs this private PostgreSQL")

// Options says where a private cluster lives.
type Options struct {
	Dir       string            // of the cluster; DefaultDir() when ""
	Elsewhere string            // for root: where a new cluster goes, with a link from Dir, when the server's user cannot enter Dir; "" refuses
	Bin       string            // of the server's programs; $SOUK_PG_BIN or found when ""
	Log       *slog.Logger      // slog.Default() when nil
	Settings  map[string]string // of postgresql.conf, over ours
}

// Cluster is a PostgreSQL server that belongs to this process: it starts with
// it, is started again should it die, and stops with it, by [Cluster.Stop] or
// when the process is killed. It listens on one socket in a private folder.
//
// Dir holds data (the cluster), run (the socket), postgres.log, owner.lock
// (locked by the owner) and cluster.json (where the server is, for [Running]).
type Cluster struct {
	home home
	lock *os.File
	log  *slog.Logger

	mu     sync.Mutex
	server *server            // the process that serves now
	end    context.CancelFunc // tells keep that no server shall follow
	kept   chan struct{}      // closed when keep has ended
	once   sync.Once          // stops
}

// DefaultDir is where the cluster lives unless told: under the working
// directory, or in /var/lib for root, whose own folders are closed to the user
// that the server runs as.
func DefaultDir() string {
	if os.Getuid() == 0 {
		return "/var/lib/souk/pg"
	}
	return filepath.Join("souk-data", "pg")
}

// Start brings up the private cluster in o.Dir, making it the first time. It
// returns when the server answers and the database souk exists. The cluster
// outlives ctx.
func Start(ctx context.Context, o Options) (_ *Cluster, err error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	h, err := openHome(o)
	if err != nil {
		return nil, fmt.Errorf("start private PostgreSQL: %w", err)
	}
	c := &Cluster{home: h, log: o.Log, kept: make(chan struct{})}
	if c.lock, err = h.own(); err != nil {
		return nil, fmt.Errorf("start private PostgreSQL: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("start private PostgreSQL: %w", err), c.lock.Close())
		}
	}()
	began := time.Now()
	if err = c.home.prepare(ctx, c.log); err != nil {
		return nil, err
	}
	if c.server, err = c.home.serve(ctx); err != nil {
		return nil, err
	}
	if err = errors.Join(c.createDatabase(ctx), c.home.writeAddress()); err != nil {
		return nil, errors.Join(err, c.server.shutDown(context.WithoutCancel(ctx)))
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	c.end = end
	go c.keep(life)
	c.log.Info("private PostgreSQL is up", "dir", h.dir, "version", h.version, "took", time.Since(began).Round(time.Millisecond))
	return c, nil
}

// URL is how to reach a database of the cluster.
func (c *Cluster) URL(db string) string { return address{c.home.socket}.url(db) }

// Dir is where the cluster lives.
func (c *Cluster) Dir() string { return c.home.dir }

// PID is the process of the server that runs now.
func (c *Cluster) PID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.server.cmd.Process.Pid
}

// Stop ends the server: open transactions are rolled back, everything is
// written, and the folder is free for the next owner. When ctx ends first the
// server is told to drop everything, and recovers at the next start. A second
// call does nothing.
func (c *Cluster) Stop(ctx context.Context) (err error) {
	c.once.Do(func() {
		c.end()
		c.mu.Lock()
		server := c.server
		c.mu.Unlock()
		err = server.shutDown(ctx)
		<-c.kept
		err = errors.Join(err, c.home.removeAddress(), c.lock.Close())
	})
	return err
}

// keep starts the server again when it dies without having been told to, as a
// service manager would: a backend that is killed takes the others with it and
// recovers by itself, but nobody else looks after the first process.
func (c *Cluster) keep(life context.Context) {
	defer close(c.kept)
	for {
		<-c.server.gone
		if life.Err() != nil {
			return
		}
		c.log.Error("private PostgreSQL died and is started again", "dir", c.home.dir, "cause", c.server.cause())
		for {
			err := c.restart(life)
			if err == nil {
				break
			}
			if life.Err() != nil {
				return
			}
			c.log.Error("private PostgreSQL does not start", "dir", c.home.dir, "cause", err)
			if pause(life, 2*time.Second) != nil {
				return
			}
		}
	}
}

func (c *Cluster) restart(life context.Context) error {
	server, err := c.home.serve(life)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if life.Err() != nil { // Stop has looked already, at the server before
		return errors.Join(life.Err(), server.shutDown(context.WithoutCancel(life)))
	}
	c.server = server
	c.log.Info("private PostgreSQL is up again", "dir", c.home.dir)
	return nil
}

func (c *Cluster) createDatabase(ctx context.Context) (err error) {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("reach the new server: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'souk')`).Scan(&exists); err != nil {
		return fmt.Errorf("look for database souk: %w", err)
	}
	if exists {
		return nil
	}
	if _, err := conn.Exec(ctx, `CREATE DATABASE souk`); err != nil {
		return fmt.Errorf("create database souk: %w", err)
	}
	return nil
}

// Running tells where the cluster in dir is served, for a command beside a
// running server. It is false when nobody serves it.
func Running(dir string) (url string, ok bool) {
	raw, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if err != nil {
		return "", false
	}
	var at address
	if err := json.Unmarshal(raw, &at); err != nil {
		return "", false
	}
	conn, err := net.DialTimeout("unix", filepath.Join(at.Socket, ".s.PGSQL."+strconv.Itoa(port)), time.Second)
	if err != nil {
		return "", false // left behind by an owner that was killed
	}
	return at.url("souk"), conn.Close() == nil
}

// address is what cluster.json holds.
type address struct {
	Socket string `json:"socket"` // the folder of the socket
}

func (a address) url(db string) string {
	query := url.Values{"host": {a.Socket}, "port": {strconv.Itoa(port)}}
	return "postgres://" + Superuser + "@/" + url.PathEscape(db) + "?" + query.Encode()
}
