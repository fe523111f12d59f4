package service

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
}
