package service

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
)

// launch starts a user's agent, in its folder, and waits until it is up or has ended.
func launch(ctx context.Context, cmd *exec.Cmd, up func() bool) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // ends with the agent, or with us
	var early error
	err := waitUntil(ctx, startTime, func() bool {
		select {
		case early = <-ended:
			early = errors.Join(errors.New("the agent ended at once, see "+filepath.Join(cmd.Dir, logFile)), early)
			return true
		default:
		}
		return up()
	})
	return errors.Join(err, early)
}
