//go:build !windows

package service

import (
	"os"
	"syscall"
	"testing"
)

func owner(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	return info.Sys().(*syscall.Stat_t).Uid
}
