package main

import (
	"flag"
	"os"
	"path/filepath"

	"communewatch/agent/service"
	"communewatch/collector/settings"
)

// configFlag is --config of every command: agent.yaml of the folder one stands in, else
// of the installed agent.
func configFlag(flags *flag.FlagSet) *string {
	return flags.String("config", usualConfig(), settings.LangOf(flags).Text("agent.config"))
}

func usualConfig() string {
	const name = "agent.yaml"
	if _, err := os.Stat(name); err == nil {
		return name
	}
	for _, perUser := range []bool{false, true} {
		folder, err := service.Folder(perUser)
		if err != nil {
			continue
		}
		if _, err := os.Stat(folder); err == nil {
			return filepath.Join(folder, name)
		}
	}
	return name
}
