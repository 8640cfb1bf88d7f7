package postgres

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ourSettings suit a small machine that also runs the shop. What keeps data
// safe is spelled out, whatever the defaults become.
func ourSettings(memoryMB int) map[string]string {
	return map[string]string{
		// Nothing that was acknowledged is lost.
		"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",

		// Only through the socket in our folder.
		"listen_addresses": "", "unix_socket_permissions": "0700", "max_connections": "80",

		// An eighth of the memory for pages: the system caches the rest.
		"shared_buffers":       strconv.Itoa(min(max(memoryMB/8, 64), 1024)) + "MB",
		"effective_cache_size": strconv.Itoa(max(memoryMB/2, 128)) + "MB",
		"work_mem":             "8MB", "maintenance_work_mem": "96MB", "huge_pages": "off",

		// Fewer, smoother checkpoints; less to write for each.
		"wal_compression": "on", "max_wal_size": "2GB", "min_wal_size": "128MB",
		"checkpoint_timeout": "15min", "wal_buffers": "16MB",

		// Solid state; statements too short to be worth compiling.
		"random_page_cost": "1.1", "jit": "off",
		"max_parallel_workers_per_gather": "1",

		// Queues and logs churn: clean up early.
		"autovacuum_naptime": "20s", "autovacuum_vacuum_scale_factor": "0.1", "autovacuum_analyze_scale_factor": "0.05",

		"timezone": "UTC", "log_timezone": "UTC", "lc_messages": "C",
		"log_line_prefix": "%m [%p] %q%a ", "log_lock_waits": "on",
		"log_min_duration_statement": "1s", "log_checkpoints": "off", "track_io_timing": "on",
	}
}

// writeSettings writes souk.conf anew for each start, so that a new binary or
// more memory take effect.
func (h home) writeSettings() error {
	settings := ourSettings(memoryMB())
	maps.Copy(settings, h.settings)
	settings["unix_socket_directories"] = h.socket
	settings["port"] = strconv.Itoa(port)
	var b bytes.Buffer
	b.WriteString("# Written by souk at each start. To change a setting, use ALTER SYSTEM or the end of postgresql.conf.\n")
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "%s = '%s'\n", name, strings.ReplaceAll(settings[name], "'", "''"))
	}
	file := filepath.Join(h.data(), "souk.conf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		return err
	}
	if h.as != nil {
		return os.Chown(file, int(h.as.Uid), int(h.as.Gid))
	}
	return nil
}

// memoryMB is the memory of the machine, or a guess where it is not told.
func memoryMB() int {
	const guess = 2048
	raw, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return guess
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			if kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB")); err == nil {
				return kb / 1024
			}
		}
	}
	return guess
}
