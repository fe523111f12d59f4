package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

var (
	debianAgents = []platform{
		{"linux", "amd64", "amd64"}, {"linux", "arm64", "arm64"}, {"linux", "arm", "armhf"},
	}
	debianCollectors = []platform{
		{"linux", "amd64", "amd64"}, {"linux", "arm64", "arm64"},
	}
)

func (m *maker) debianAgents(ctx context.Context) error {
	for _, p := range m.wanted(debianAgents) {
		if err := m.debianPackage(ctx, p, "deploy/packages/agent", agent); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) debianCollectors(ctx context.Context) error {
	for _, p := range m.wanted(debianCollectors) {
		if err := m.debianPackage(ctx, p, "deploy/packages/collector", collector, influxd); err != nil {
			return err
		}
	}
	return nil
}

// debianPackage makes the package that is named as the first of its programs, by the
// nfpm.yaml in dir.
func (m *maker) debianPackage(ctx context.Context, p platform, dir string, programs ...program) error {
	work, err := m.buildAll(ctx, p, programs)
	if err != nil {
		return err
	}
	name := programs[0].name
	notices, err := m.notices(ctx, work, p, programs)
	if err != nil {
		return err
	}
	for file, text := range map[string]string{"changelog.gz": m.changelog(name), "third-party.gz": notices} {
		if err := writeGzip(filepath.Join(work, file), text); err != nil {
			return err
		}
	}
	file := filepath.Join(m.out, fmt.Sprintf("%s_%s_%s.deb", name, m.debian, p.name))
	env := []string{"ARCH=" + p.name, "DEBIAN_VERSION=" + m.debian, "WORK=" + work, "SOURCE_DATE_EPOCH=" + strconv.FormatInt(m.at.Unix(), 10)}
	if err := run(ctx, env, m.nfpm(), "package", "--config", filepath.Join(dir, "nfpm.yaml"), "--packager", "deb", "--target", file); err != nil {
		return err
	}
	m.made = append(m.made, file)
	return nil
}

func (m *maker) buildAll(ctx context.Context, p platform, programs []program) (work string, err error) {
	for _, what := range programs {
		if work, err = m.build(ctx, p, what); err != nil {
			return "", err
		}
	}
	return work, nil
}

// changelog is Debian's: that this version was made, and where the changes are told.
func (m *maker) changelog(name string) string {
	return fmt.Sprintf("%s (%s) unstable; urgency=medium\n\n  * Made from %s; CHANGELOG.md of the sources tells what changed.\n\n -- %s  %s\n",
		name, m.debian, m.version, maintainer, m.at.Format(time.RFC1123Z))
}

// maintainer stands in nfpm.yaml too. There is no address to write to.
const maintainer = "CommuneWatch contributors <communewatch@example.org>"

// writeGzip leaves out name and time.
func writeGzip(file, text string) error {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, packed.Bytes(), 0o644)
}
