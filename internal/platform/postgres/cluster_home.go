package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// home is the folder of a private cluster and what it takes to serve it.
type home struct {
	dir      string // absolute
	socket   string // the folder of the socket
	bin      string
	version  int                 // major, of the programs in bin
	as       *syscall.Credential // nil when not root
	settings map[string]string
}

func (h home) data() string { return filepath.Join(h.dir, "data") }

// longestSocketDir leaves room for "/.s.PGSQL.5432" in the 104 bytes that
// macOS allows for the path of a socket (Linux: 108).
const longestSocketDir = 85

// openHome finds or makes the folder, and finds the programs and the user to
// run them as.
func openHome(o Options) (h home, err error) {
	if o.Dir == "" {
		o.Dir = DefaultDir()
	}
	if h.dir, err = filepath.Abs(o.Dir); err != nil {
		return h, err
	}
	h.settings = o.Settings
	if h.bin, h.version, err = findPrograms(o.Bin, dataVersion(h.data())); err != nil {
		return h, err
	}
	if h.as, err = serverUser(h.data()); err != nil {
		return h, err
	}
	if err := os.MkdirAll(filepath.Dir(h.dir), 0o755); err != nil {
		return h, err
	}
	if err := h.settle(o.Elsewhere); err != nil {
		return h, err
	}
	if err := h.makeDir(h.dir); err != nil {
		return h, err
	}
	if h.dir, err = filepath.EvalSymlinks(h.dir); err != nil { // as the kernel names it, see serves
		return h, err
	}
	return h, h.reachable()
}

// settle follows a folder that is a link. A folder that is not there yet, and
// whose place is closed to the server's user, such as one under /root, is made
// elsewhere, and becomes a link to there.
func (h *home) settle(elsewhere string) (err error) {
	switch target, err := filepath.EvalSymlinks(h.dir); {
	case err == nil:
		h.dir = target
		return nil
	case elsewhere == "" || h.reachable() == nil:
		return nil // makeDir tells what is wrong, if anything is
	}
	if err := os.MkdirAll(elsewhere, 0o755); err != nil {
		return err
	}
	made, err := os.MkdirTemp(elsewhere, "pg-")
	if err != nil {
		return err
	}
	if err := os.Symlink(made, h.dir); err != nil {
		_ = os.Remove(made) // empty, and nobody knows of it
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	h.dir, err = filepath.EvalSymlinks(h.dir) // another process may have been faster
	return err
}

// makeDir makes a folder that only the server's user (and root) can enter.
func (h home) makeDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", dir)
	}
	if h.as != nil {
		if err := os.Lchown(dir, int(h.as.Uid), int(h.as.Gid)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o700)
}

// own locks the folder for this process. The kernel lets go of the lock when
// the process ends, however it ends.
func (h home) own() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(h.dir, "owner.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s", ErrOwned, h.dir), f.Close())
	}
	if err := h.give(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// give lets the server's user have a file that root made, so that this user
// can start the cluster another day.
func (h home) give(f *os.File) error {
	if h.as == nil {
		return nil
	}
	return f.Chown(int(h.as.Uid), int(h.as.Gid))
}

// serverUser is who the server runs as: the caller, but never root, whom
// PostgreSQL refuses. A cluster that exists keeps its owner.
func serverUser(data string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // nil is what exec takes for "as I am"
	}
	if info, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			return &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// reachable says so when a folder above the cluster is closed to the server's
// user, which would otherwise show as a bare "permission denied".
func (h home) reachable() error {
	if h.as == nil {
		return nil
	}
	for dir := filepath.Dir(h.dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		enter := fs.FileMode(0o001)
		if owner, ok := info.Sys().(*syscall.Stat_t); ok {
			switch {
			case owner.Uid == h.as.Uid:
				enter = 0o100
			case owner.Gid == h.as.Gid:
				enter = 0o010
			}
		}
		if info.Mode()&enter == 0 {
			return fmt.Errorf("PostgreSQL runs as user %s, who cannot enter %s; choose a folder such as /var/lib/souk/pg", userName(h.as.Uid), dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// prepare makes the cluster if there is none, writes its settings, and sees
// that no server of a former owner is left.
func (h *home) prepare(ctx context.Context, log *slog.Logger) error {
	if err := h.makeSocketDir(); err != nil {
		return err
	}
	if err := h.initialise(ctx, log); err != nil {
		return err
	}
	if err := h.writeSettings(); err != nil {
		return err
	}
	return h.endLeftover(ctx)
}

// makeSocketDir is Dir/run where the path of a socket may be that long, else a
// folder of its own under the temporary files.
func (h *home) makeSocketDir() error {
	if old, err := h.readAddress(); err == nil && filepath.Dir(old.Socket) != h.dir {
		_ = os.RemoveAll(old.Socket) // of an owner that was killed; ours to remove, or not removable
	}
	if run := filepath.Join(h.dir, "run"); len(run) <= longestSocketDir {
		h.socket = run
		return h.makeDir(run)
	}
	for _, tmp := range []string{os.TempDir(), "/tmp"} {
		if len(tmp) > longestSocketDir-len("/souk-0123456789") {
			continue
		}
		dir, err := os.MkdirTemp(tmp, "souk-")
		if err != nil {
			return err
		}
		h.socket = dir
		return h.makeDir(dir)
	}
	return fmt.Errorf("no folder with a path short enough for a socket: %s", h.dir)
}

// initialise runs initdb into data.init and renames it, so that a cluster is
// whole or not there.
func (h home) initialise(ctx context.Context, log *slog.Logger) error {
	if dataVersion(h.data()) != 0 {
		return nil
	}
	half := h.data() + ".init"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	log.Info("making a private PostgreSQL cluster", "dir", h.dir, "version", h.version)
	args := []string{
		"--pgdata=" + half, "--username=" + Superuser, "--auth-local=trust", "--auth-host=reject",
		"--encoding=UTF8", "--locale=" + locale(), "--data-checksums", "--no-instructions", "--no-sync",
	}
	var out bytes.Buffer
	cmd := h.command("initdb", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	running, err := start(cmd, syscall.SIGKILL)
	if err != nil {
		return err
	}
	select {
	case <-running.gone:
	case <-ctx.Done():
		_ = cmd.Process.Kill()
		<-running.gone
		return ctx.Err()
	}
	if !cmd.ProcessState.Success() {
		return fmt.Errorf("initdb: %s\n%s", cmd.ProcessState, strings.TrimSpace(out.String()))
	}
	if err := appendTo(filepath.Join(half, "postgresql.conf"), "\n# Souk's settings. Lines below this one and ALTER SYSTEM win over them.\ninclude_if_exists = 'souk.conf'\n"); err != nil {
		return err
	}
	if h.settings["fsync"] != "off" {
		syscall.Sync() // at once what initdb would sync file by file
	}
	return os.Rename(half, h.data())
}

// locale sorts by code point, which is the same everywhere, and knows the case
// of every letter.
func locale() string {
	if runtime.GOOS == "darwin" {
		return "en_US.UTF-8" // has no C.UTF-8
	}
	return "C.UTF-8"
}

// command is one of the server's programs with a clean environment.
func (h home) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(h.bin, program), args...)
	cmd.Dir = h.dir
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=" + locale(), "TZ=UTC"}
	// A group of its own: ^C at the terminal is for us, who drain before the
	// server goes.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: h.as}
	return cmd
}

// dataVersion is the major version that made the cluster, 0 when there is none.
func dataVersion(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil {
		return 0
	}
	return version
}

func (h home) addressFile() string { return filepath.Join(h.dir, "cluster.json") }

func (h home) readAddress() (at address, err error) {
	raw, err := os.ReadFile(h.addressFile())
	if err != nil {
		return at, err
	}
	return at, json.Unmarshal(raw, &at)
}

func (h home) writeAddress() error {
	raw, err := json.Marshal(address{h.socket})
	if err != nil {
		return err
	}
	tmp := h.addressFile() + ".new"
	if err := os.WriteFile(tmp, append(raw, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, h.addressFile())
}

func (h home) removeAddress() error {
	err := os.Remove(h.addressFile())
	if filepath.Dir(h.socket) != h.dir {
		err = errors.Join(err, os.RemoveAll(h.socket))
	}
	return err
}

func appendTo(file, text string) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
