package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// licenceFile is what a module calls its licence or notice.
var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|copyright|unlicense)([._-].*)?$`)

// notices are the licences of all that is linked into the programs, which must go with
// them. The list is read from the programs themselves; a text that many modules share
// stands once.
func (m *maker) notices(ctx context.Context, work string, p platform, programs []program) (string, error) {
	holders := map[string][]string{} // text → modules
	for _, what := range programs {
		file := filepath.Join(work, what.name)
		if p.goos == "windows" {
			file += ".exe"
		}
		if err := m.collect(ctx, file, what, holders); err != nil {
			return "", fmt.Errorf("licences of %s: %w", what.name, err)
		}
	}
	var parts []string
	for text, modules := range holders {
		slices.Sort(modules)
		parts = append(parts, strings.Join(slices.Compact(modules), "\n")+"\n\n"+text)
	}
	slices.Sort(parts)
	rule := "\n\n" + strings.Repeat("-", 78) + "\n"
	return "These are parts of the programs in this package.\n" + rule + strings.Join(parts, rule) + "\n", nil
}

// collect adds one program's.
func (m *maker) collect(ctx context.Context, file string, what program, holders map[string][]string) error {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return err
	}
	root, err := exec.CommandContext(ctx, goTool(), "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env GOROOT: %w", err)
	}
	if err := addLicences(holders, "Go "+info.GoVersion, strings.TrimSpace(string(root))); err != nil {
		return err
	}
	args := []string{"mod", "download", "-json"}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			dep = dep.Replace
		}
		args = append(args, dep.Path+"@"+dep.Version)
	}
	if what == influxd { // there the program itself is a module of others
		args = append(args, info.Main.Path+"@"+info.Main.Version)
	}
	cmd := exec.CommandContext(ctx, goTool(), args...)
	cmd.Dir = what.dir
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go mod download: %w", err)
	}
	return addModules(holders, string(out))
}

// addModules reads what `go mod download -json` says.
func addModules(holders map[string][]string, list string) error {
	for decoder := json.NewDecoder(strings.NewReader(list)); ; {
		var module struct{ Path, Version, Dir string }
		err := decoder.Decode(&module)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := addLicences(holders, module.Path+" "+module.Version, module.Dir); err != nil {
			return err
		}
	}
}

// elsewhere is what is said of a module that is a part of a repository and does not
// hold the licence of the whole.
const elsewhere = "The licence of these is in their repositories' first folder."

func addLicences(holders map[string][]string, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := false
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !licenceFile.MatchString(entry.Name()) || strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		key := strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n"))
		holders[key] = append(holders[key], name)
		found = true
	}
	if !found {
		holders[elsewhere] = append(holders[elsewhere], name)
	}
	return nil
}
