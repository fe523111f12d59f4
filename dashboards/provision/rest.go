package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// The calls that grafana-tools/sdk does not have, as plain HTTP:
//   - a data source by UID: the sdk reads and updates by numeric id or by name, and
//     Grafana 13 no longer takes the id;
//   - writing a dashboard: the sdk names its folder by numeric id (deprecated since
//     Grafana 9), sends no message, and sets the dashboard's id to 0, which hides a
//     version conflict;
//   - alerting: see rest_alerting.go.

// call sends a value as JSON, if there is one, and reads the answer into another.
func (g *grafana) call(ctx context.Context, method, path string, body, answer any) error {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = encode(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, g.url+path, bytes.NewReader(sent))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header.Set("Content-Type", "application/json")
	if method != http.MethodGet && strings.HasPrefix(path, provisioning) {
		request.Header.Set("X-Disable-Provenance", "true")
	}
	response, err := g.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// https://grafana.com/docs/grafana/latest/developers/http_api/data_source/#get-a-single-data-source-by-uid
func (g *grafana) readDatasource(ctx context.Context, uid string) (map[string]any, error) {
	var found map[string]any
	return found, g.call(ctx, http.MethodGet, "/api/datasources/uid/"+uid, nil, &found)
}

// https://grafana.com/docs/grafana/latest/developers/http_api/data_source/#update-an-existing-data-source
func (g *grafana) updateDatasource(ctx context.Context, uid string, ds map[string]any) error {
	return g.write(ctx, http.MethodPut, "/api/datasources/uid/"+uid, ds)
}

// boardWrite is the body of a dashboard's write. Without overwrite Grafana refuses
// a version that is not the newest (412).
// https://grafana.com/docs/grafana/latest/developers/http_api/dashboard/#create--update-dashboard
type boardWrite struct {
	Dashboard map[string]any `json:"dashboard"`
	FolderUID string         `json:"folderUid"`
	Message   string         `json:"message"`
	Overwrite bool           `json:"overwrite"`
}

func (g *grafana) writeDashboard(ctx context.Context, w boardWrite) error {
	return g.write(ctx, http.MethodPost, "/api/dashboards/db", w)
}
