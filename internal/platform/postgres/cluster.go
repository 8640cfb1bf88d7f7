package postgres

import (
	"context"
	"errors"
	"log/slog"
)

// Options says where a private cluster lives.
type Options struct {
	Dir      string            // of the cluster; DefaultDir() when ""
	Bin      string            // of the server's programs; found when ""
	Log      *slog.Logger      // slog.Default() when nil
	Settings map[string]string // of postgresql.conf, over ours
}

// Cluster is a PostgreSQL server that this process owns.
type Cluster struct{}

func Start(ctx context.Context, o Options) (*Cluster, error) { return nil, errors.ErrUnsupported }

func (c *Cluster) URL(db string) string { return "" }

func (c *Cluster) Stop(ctx context.Context) error { return nil }

func Running(dir string) (url string, ok bool) { return "", false }
