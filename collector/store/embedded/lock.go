package embedded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// lockFolder takes the exclusive lock of a folder, waiting a while for another
// holder. It is free again when all who hold the file open have ended or closed it.
func lockFolder(ctx context.Context, path string, patience time.Duration) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open InfluxDB's lock: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err = tryLock(file); err == nil {
			return file, nil
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, fmt.Errorf("the InfluxDB in %s is in use by another process: %w", filepath.Dir(path), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
