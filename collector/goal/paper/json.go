package paper

import (
	"encoding/json"
	"io"

	"communewatch/collector/goal"
	"communewatch/collector/say"
)

// JSON prints the report as it is, in no language, fields in the order of the types.
func JSON(w io.Writer, r *goal.Report, _ say.Lang) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}
