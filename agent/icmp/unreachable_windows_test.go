package icmp

import "golang.org/x/sys/windows"

const unreachableForTest = windows.WSAENETUNREACH
