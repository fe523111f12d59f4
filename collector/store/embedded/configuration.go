package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// configuration is influxd's whole configuration. What is not named stays at its
// default, which was read in 1.8.10's source.
const configuration = `# Written by CommuneWatch at every start; changes are lost.
reporting-disabled = true
bind-address = "127.0.0.1:0" # backup and restore: a free port, so that it is in nobody's way

[meta]
  dir = META
  retention-autocreate = false # policies are made by name, none by itself

[data]
  dir = DATA
  wal-dir = WAL
  index-version = "tsi1" # on disk: memory does not grow with every device ever seen
  # 0s: each write is in the log on disk before it is acknowledged, and so is it with
  # any other value: writers wait for the fsync they share. A delay pays where many
  # small writers meet on a slow disk; the collector has two, whose blocks are grouped
  # already, so it would only add itself to every answer.
  wal-fsync-delay = "0s"
  query-log-enabled = false
  cache-max-memory-size = "512m" # of one shard; beyond it writes are refused with 500, and come again
  cache-snapshot-memory-size = "25m"

[coordinator]
  write-timeout = "10s"
  max-concurrent-queries = 32 # the judge, the pages and a wall of Grafana panels
  query-timeout = "55s"       # under the store's minute, so that the server says why
  log-queries-after = "10s"
  max-select-point = 200000000
  max-select-series = 200000
  max-select-buckets = 2000000

[retention]
  check-interval = "30m"

[monitor]
  store-enabled = false # it would write to itself every 10 s

[subscriber]
  enabled = false

[continuous_queries]
  enabled = false

[http]
  bind-address = LISTEN
  auth-enabled = true
  log-enabled = true # of answers that are its own failures only, to learn of a full disk
  access-log-status-filters = ["5xx"]
  flux-enabled = false
  pprof-enabled = false
  max-body-size = 33554432 # 32 MiB: the collector's largest block is half of it
  max-row-limit = 2000000  # of one answer in one piece, as Grafana asks
  max-connection-limit = 256

[logging]
  format = "logfmt"
  level = "info"
  suppress-logo = true
`

// writeConfiguration makes the file anew and gives its path.
func writeConfiguration(dir, listen string) (string, error) {
	text := strings.NewReplacer(
		"META", strconv.Quote(filepath.Join(dir, "meta")),
		"DATA", strconv.Quote(filepath.Join(dir, "data")),
		"WAL", strconv.Quote(filepath.Join(dir, "wal")),
		"LISTEN", strconv.Quote(listen),
	).Replace(configuration)
	path := filepath.Join(dir, "influxd.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return "", fmt.Errorf("write InfluxDB's configuration: %w", err)
	}
	return path, nil
}
