// Package enrol decides who an agent is and how it knows the collector: a
// certificate authority of our own, made at the first start (authority.go, server.go),
// tokens (tokens.go), invitations of one use (invitations.go), the certificates that
// agents get for them (certificate.go, enroller.go), the registry of who has one
// (registry.go), and who comes in with one (verifier.go).
//
// In come a folder, names, requests and certificates; out go the server's certificate,
// the pin that agents are given, certificates, and the identity behind a token or a
// certificate. It must never write a token or let a key be read by others, never replace
// an authority that agents are pinned to, and never lose what it issued: files are
// replaced as a whole, under a lock, and stay as they were if that fails.
//
// A certificate lives 30 days and is renewed after 10, with the certificate itself as
// proof. A PC that was off for longer renews with the expired one, and this is the path
// for it, stated so that it can be judged:
//
//   - An expired certificate opens nothing but the renewal, and that for 400 days after
//     its end; then the office enrols again, with a new invitation.
//   - Revoking, or enrolling again, ends it at once, expired or not: a stolen PC is
//     revoked, however long its certificate would last.
//   - A renewal takes the old certificate's place. The old one stays good only until the
//     new one was seen in use, since the answer that brought it may have been lost. Who
//     shows it after that is a copy of the disk or a restored backup: refused as a twin,
//     and named. Of two machines with one disk, the one that renews first goes on.
//   - Where another machine's marks come with a renewal it is named in the log and by
//     the command agents, and not refused: a network card may have been replaced.
//
// All of this goes by numbers that the authority signed (how often enrolled, which
// certificate), not by the day, so that a wrong clock of the collector's makes no twins.
// A certificate that is newer than the registry knows is taken, and the registry follows
// it: that is a copy which lags, or was restored from a backup. An agent that the
// registry does not hold at all is refused.
//
// The authority's key is on the machine with the role enrol alone. Others get ca.crt,
// server.pem and, again and again, the file agents, and verify with those.
package enrol

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// lockTime bounds the wait for another process; a file is held for milliseconds.
const lockTime = 10 * time.Second

// lock waits for the sole right to change files of a folder, across processes
// (flock(2): it ends with the process). The function returned gives it back.
func lock(dir string) (unlock func(), err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	for waited := time.Duration(0); ; waited += 20 * time.Millisecond {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || waited >= lockTime {
			file.Close()
			return nil, fmt.Errorf("lock %s, which another process may hold: %w", dir, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// replace puts a file in place of another as a whole: temporary file, fsync,
// rename, fsync of the folder. The caller holds the lock.
func replace(path string, data []byte) error {
	temporary := path + ".tmp"
	// One of a process that was killed may be there, with any mode.
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := write(temporary, data); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(temporary)))
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

func write(path string, data []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, ownAsFolder(path), file.Sync(), file.Close())
}

// ownAsFolder gives a file that root made to the owner of its folder: an
// administrator may issue a token while the service runs under its own account,
// which must be able to read it.
func ownAsFolder(path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(path, int(owner.Uid), int(owner.Gid))
}

// privateFolder makes a folder for secrets, or holds one that is there against what it must be.
func privateFolder(dir string) error {
	info, err := os.Stat(dir)
	if err == nil {
		return checkMode(dir, info, 0o700)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return ownAsFolder(dir)
}

func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// private opens a file that nobody else may read, and reads it up to a limit.
// A file that is not there gives fs.ErrNotExist.
func private(path string, limit int64) ([]byte, fs.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if err := checkMode(path, info, 0o600); err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, info, err
}

// checkMode refuses what others can read or write, and says how to mend it.
func checkMode(path string, info fs.FileInfo, want fs.FileMode) error {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("%s is open to other users (mode %04o); run: chmod %o %s", path, mode, want, path)
	}
	return nil
}
