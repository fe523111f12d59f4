package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

var windowsAgents = []platform{
	{"windows", "amd64", "amd64"}, {"windows", "386", "386"},
}

// windowsTexts are what lies beside the program in the zip, by their names there.
var windowsTexts = map[string]string{
	"CAI-DAT.cmd":   "deploy/packages/windows/CAI-DAT.cmd",
	"GO-BO.cmd":     "deploy/packages/windows/GO-BO.cmd",
	"HUONG-DAN.txt": "deploy/packages/windows/HUONG-DAN.txt",
	"LOI-NHAN.txt":  "deploy/packages/windows/LOI-NHAN.txt",
	"LICENSE.txt":   "LICENSE",
}

func (m *maker) windowsAgents(ctx context.Context) error {
	for _, p := range m.wanted(windowsAgents) {
		if err := m.windowsZip(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) windowsZip(ctx context.Context, p platform) error {
	work, err := m.build(ctx, p, agent)
	if err != nil {
		return err
	}
	notices, err := m.notices(ctx, work, p, []program{agent})
	if err != nil {
		return err
	}
	exe, err := os.ReadFile(filepath.Join(work, agent.name+".exe"))
	if err != nil {
		return err
	}
	files := map[string][]byte{
		agent.name + ".exe": exe,
		"third-party.txt":   windowsText("third-party.txt", notices),
	}
	for name, source := range windowsTexts {
		text, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		files[name] = windowsText(name, string(text))
	}
	file := filepath.Join(m.out, fmt.Sprintf("%s-%s-windows-%s.zip", agent.name, m.version, p.name))
	if err := writeZip(file, files, m.at); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	m.made = append(m.made, file)
	return nil
}

// windowsText ends lines as cmd.exe needs them to find its labels, and marks a text as
// UTF-8 for editors; a script with the mark would begin with a command of that name.
func windowsText(name, text string) []byte {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	if strings.HasSuffix(name, ".txt") {
		text = "\ufeff" + strings.TrimPrefix(text, "\ufeff")
	}
	return []byte(text)
}
