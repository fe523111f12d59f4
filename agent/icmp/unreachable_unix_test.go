//go:build !windows

package icmp

import "syscall"

const unreachableForTest = syscall.ENETUNREACH
