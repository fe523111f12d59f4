package enrol

import (
	"bytes"
	"fmt"
	"strings"
)

// eachEntry hands over the lines of a file of ours, without empty ones and comments. An
// error begins with ":line: ".
func eachEntry(data []byte, take func(text string) error) error {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if text == "" || text[0] == '#' {
			continue
		}
		if err := take(text); err != nil {
			return fmt.Errorf(":%d: %w", number, err)
		}
	}
	return nil
}
