package service

import (
	"context"
	"errors"
	"time"
)

// waitUntil asks ten times a second whether it is so.
func waitUntil(ctx context.Context, most time.Duration, so func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			return errors.New("it has not ended in time")
		case <-again.C:
		}
	}
	return nil
}
