package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// oldest is the version that the schema is tested on.
const oldest = 15

// programDirs are where the packages of the systems put the server's programs.
var programDirs = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // packages of postgresql.org for Fedora and others
	"/usr/libexec/postgresql*",                           // Alpine
	"/opt/homebrew/opt/postgresql*/bin",                  // Homebrew on ARM
	"/usr/local/opt/postgresql*/bin",                     // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
}

const howToInstall = `PostgreSQL %d or newer is not installed. Install it:
  Debian, Ubuntu   apt-get install postgresql
  Fedora           dnf install postgresql-server postgresql-contrib
  Alpine           apk add postgresql postgresql-contrib
  macOS            brew install postgresql@17
Or set SOUK_PG_BIN to the folder of its programs (initdb, postgres), or use a server that you have by its URL`

// findPrograms finds the folder of initdb and postgres and their major version:
// the folder that is asked for, else the version that made the cluster, else
// the newest.
func findPrograms(bin string, made int) (dir string, version int, err error) {
	if bin == "" {
		bin = os.Getenv("SOUK_PG_BIN")
	}
	if bin != "" {
		if version, err = programVersion(bin); err != nil {
			return "", 0, err
		}
		return bin, version, fits(bin, version, made)
	}
	for _, candidate := range candidates() {
		v, err := programVersion(candidate)
		if err != nil {
			continue // a client-only package has the folder but no server
		}
		if v == made {
			return candidate, v, nil
		}
		if v > version {
			dir, version = candidate, v
		}
	}
	if dir == "" {
		return "", 0, fmt.Errorf(howToInstall, oldest)
	}
	return dir, version, fits(dir, version, made)
}

// Program is the path of one of PostgreSQL's programs, such as pg_dump, of the
// installation that a private cluster would run; only the name where none is
// found, so that running it says what is missing.
func Program(name string) string {
	dir, _, err := findPrograms("", 0)
	if err != nil {
		return name
	}
	return filepath.Join(dir, name)
}

func candidates() (dirs []string) {
	for _, pattern := range programDirs {
		if found, err := filepath.Glob(pattern); err == nil {
			dirs = append(dirs, found...)
		}
	}
	if program, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(program))
	}
	return dirs
}

func fits(bin string, version, made int) error {
	switch {
	case made != 0 && made != version:
		return fmt.Errorf("the cluster was made by PostgreSQL %d, and %s has %d: install PostgreSQL %[1]d (or set SOUK_PG_BIN to it), "+
			"or dump the database with %[1]d, move the folder away and restore into a new one", made, bin, version)
	case version < oldest:
		return fmt.Errorf(howToInstall+". Found only %d in %s", oldest, version, bin)
	}
	return nil
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func programVersion(bin string) (int, error) {
	if _, err := os.Stat(filepath.Join(bin, "initdb")); err != nil {
		return 0, fmt.Errorf("look for PostgreSQL's programs: %w", err)
	}
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("look for PostgreSQL's programs in %s: %w", bin, err)
	}
	m := versionNumber.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("read version of PostgreSQL in %s: %q", bin, out)
	}
	return strconv.Atoi(string(m[1]))
}
