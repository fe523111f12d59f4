package storetest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// PID finds the InfluxDB of a folder by its command line (Linux), 0 if there is none.
func PID(dir string) int {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline") // the pattern is valid
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.HasPrefix(bytes.TrimSpace(line), []byte{'/'}) && bytes.Contains(line, []byte("\x00"+dir+"/influxd.conf")) {
			pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
			return pid
		}
	}
	return 0
}
