package provision

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/grafana-tools/sdk"

	"communewatch/dashboards"
)

// What the data source is called; people may rename it, the UID counts.
const datasourceName = "CommuneWatch"

// fingerprintKey, in a data source's jsonData, holds what tells one credential from
// another, since Grafana never gives a secret back.
const fingerprintKey = "communewatchCredential"

// datasource makes the InfluxDB data source, or corrects what is ours of it.
func (g *grafana) datasource(ctx context.Context, cfg Config) (Object, error) {
	o := Object{Kind: "datasource", UID: dashboards.DatasourceUID}
	wanted, settings := ours(cfg)
	found, err := g.readDatasource(ctx, o.UID)
	if refused(err, http.StatusNotFound) {
		o.Outcome = Created
		return o, g.createDatasource(ctx, cfg, settings)
	}
	if err != nil {
		return o, err
	}
	if found["type"] != "influxdb" {
		return o, fmt.Errorf("there is a data source with this UID and it is of type %v, not influxdb; it was left as it is: give it another UID", found["type"])
	}
	held, _ := found["jsonData"].(map[string]any)
	if contains(found, wanted) && contains(held, settings) && secretSet(found, cfg) {
		o.Outcome = Unchanged
		return o, nil
	}
	if found["readOnly"] == true {
		return o, errors.New("it is provisioned from a file and Grafana lets nobody change it; change the file, or take the data source out of it")
	}
	o.Outcome = Updated
	o.Diff = append(changes(overlap(found, wanted), wanted), changes(overlap(held, settings), settings, fingerprintKey)...)
	return o, g.updateDatasource(ctx, o.UID, merged(found, held, wanted, settings, cfg))
}

// ours are the fields and settings of the data source that are held to the configuration.
func ours(cfg Config) (fields, settings map[string]any) {
	fields = map[string]any{"type": "influxdb", "access": "proxy", "url": cfg.InfluxURL}
	// The plugin reads dbName. The field "database" of old is written beside it and not
	// held to anything: Grafana's own page empties it when somebody saves there.
	settings = map[string]any{"dbName": cfg.Database, "httpMode": "GET", "version": "InfluxQL"}
	if cfg.InfluxCredential != "" {
		settings["httpHeaderName1"] = "Authorization"
		settings[fingerprintKey] = fingerprint(cfg)
	}
	return fields, settings
}

// secrets are write-only: Grafana stores them encrypted and tells only that they are there.
// https://grafana.com/docs/grafana/latest/datasources/influxdb/ (InfluxQL with a token header)
func secrets(cfg Config) map[string]any {
	if cfg.InfluxCredential == "" {
		return map[string]any{}
	}
	return map[string]any{"httpHeaderValue1": "Token " + cfg.InfluxCredential}
}

func secretSet(found map[string]any, cfg Config) bool {
	set, _ := found["secureJsonFields"].(map[string]any)
	return cfg.InfluxCredential == "" || set["httpHeaderValue1"] == true
}

// fingerprint tells whether the credential is still the one that was written. Every
// user of Grafana can read it, so it is slow to guess from: PBKDF2 as for a password.
func fingerprint(cfg Config) string {
	salt := []byte(dashboards.DatasourceUID + "\n" + cfg.InfluxURL + "\n" + cfg.Database)
	key, err := pbkdf2.Key(sha256.New, cfg.InfluxCredential, salt, 100_000, 12)
	if err != nil {
		return "" // only for a length or a hash that FIPS mode refuses: then it is written each time
	}
	return hex.EncodeToString(key)
}

func contains(found, wanted map[string]any) bool {
	for name, value := range wanted {
		if found[name] != value {
			return false
		}
	}
	return true
}

func (g *grafana) createDatasource(ctx context.Context, cfg Config, settings map[string]any) error {
	if g.dry {
		return nil
	}
	answer, err := g.sdk.CreateDatasource(ctx, sdk.Datasource{
		UID: dashboards.DatasourceUID, Name: datasourceName, Type: "influxdb", Access: "proxy",
		URL: cfg.InfluxURL, Database: &cfg.Database, JSONData: settings, SecureJSONData: secrets(cfg),
	})
	if refused(err, http.StatusConflict) {
		return fmt.Errorf("another data source is called %q; rename it: %w", datasourceName, err)
	}
	if err == nil && answer.ID == nil {
		return errors.New("its answer does not say that it was made")
	}
	return err
}

// merged is the data source as it was found, with what is ours put in. What Grafana
// only tells is not sent back.
func merged(found, held, fields, settings map[string]any, cfg Config) map[string]any {
	ds := maps.Clone(found)
	for _, told := range []string{"id", "orgId", "typeLogoUrl", "typeName", "secureJsonFields", "readOnly", "accessControl", "apiVersion"} {
		delete(ds, told)
	}
	maps.Copy(ds, fields)
	jsonData := map[string]any{}
	maps.Copy(jsonData, held)
	maps.Copy(jsonData, settings)
	ds["database"], ds["jsonData"], ds["secureJsonData"] = cfg.Database, jsonData, secrets(cfg)
	return ds
}

// folder makes the folder if it is not there. One that is there was perhaps renamed
// or moved by its people, and stays so.
func (g *grafana) folder(ctx context.Context, title string) (Object, error) {
	o := Object{Kind: "folder", UID: dashboards.FolderUID, Outcome: Unchanged}
	_, err := g.sdk.GetFolderByUID(ctx, o.UID)
	if !refused(err, http.StatusNotFound) {
		return o, err
	}
	o.Outcome = Created
	if g.dry {
		return o, nil
	}
	_, err = g.sdk.CreateFolder(ctx, sdk.Folder{UID: o.UID, Title: title})
	return o, err
}

// versionTag starts the tag that says which version of ours a dashboard is. A tag
// survives an edit by hand and a change of Grafana's own schema; comparing the
// JSON would not, because Grafana rewrites it.
const versionTag = "cw-"

// dashboard writes a dashboard that is missing or not of this version.
func (g *grafana) dashboard(ctx context.Context, board dashboards.Dashboard) (Object, error) {
	o := Object{Kind: "dashboard", UID: *board.Uid}
	made, version, err := render(board)
	if err != nil {
		return o, err
	}
	write := boardWrite{Dashboard: made, FolderUID: dashboards.FolderUID, Message: "CommuneWatch " + version}
	stored, _, err := g.sdk.GetRawDashboardByUID(ctx, o.UID)
	if refused(err, http.StatusNotFound) {
		o.Outcome = Created
		return o, g.writeDashboard(ctx, write)
	}
	if err != nil {
		return o, err
	}
	var there struct {
		ID      any
		Version any
		Tags    []string
	}
	if err := json.Unmarshal(stored, &there); err != nil {
		return o, fmt.Errorf("read the stored dashboard: %w", err)
	}
	switch {
	case !slices.Contains(there.Tags, dashboards.Tag):
		return o, fmt.Errorf("there is a dashboard with this UID and without the tag %q; it was left as it is: give it the tag to have it replaced, or another UID to keep it", dashboards.Tag)
	case slices.Contains(there.Tags, version):
		o.Outcome = Unchanged
		return o, nil
	}
	o.Outcome = Updated
	var was map[string]any
	if err := json.Unmarshal(stored, &was); err != nil {
		return o, fmt.Errorf("read the stored dashboard: %w", err)
	}
	o.Diff = changes(overlap(was, made), made)
	made["id"], made["version"] = there.ID, there.Version
	return o, g.writeDashboard(ctx, write)
}

// render is a dashboard as it is sent, with a tag of its own contents. The JSON
// goes raw: through sdk.Board it would lose every setting younger than 2022.
func render(board dashboards.Dashboard) (made map[string]any, version string, err error) {
	raw, err := json.Marshal(board)
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal(raw, &made); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(raw)
	version = versionTag + strings.ToLower(hex.EncodeToString(sum[:5]))
	made["tags"] = append(slices.Clone(board.Tags), version)
	return made, version, nil
}
