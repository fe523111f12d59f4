package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/alerting"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
)

// Contacts are the ways in which people are told. Empty ones are not made.
type Contacts struct {
	Emails        []string
	TelegramToken string // secret
	TelegramChat  string
	Webhook       string // an address, with its secret in it; Grafana's JSON with the fields "title" and "message" is sent to it
	Watchdog      string // an address that takes the sign of life, with its secret in it
}

// UIDs of the parts of our contact points.
const (
	emailUID    = "cw-email"
	telegramUID = "cw-telegram"
	webhookUID  = "cw-webhook"
	// WatchdogUID is where the sign of life goes.
	WatchdogUID = "cw-watchdog"
)

// ContactUIDs are those of the contact point of all alerts.
var ContactUIDs = []string{emailUID, telegramUID, webhookUID}

// SecretSettings are the settings that nobody shall read. Grafana gives the token
// back redacted; it does not know that an address is a secret too.
var SecretSettings = []string{"bottoken", "url"}

// Points are the contact points, each part by itself: Grafana joins those of one name.
// Every message is the same text; without a parse mode, since a name is no HTML.
// https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/
func (c Contacts) Points() []alerting.ContactPoint {
	title, message := use(titleTemplate), use(messageTemplate)
	var points []alerting.ContactPoint
	if len(c.Emails) > 0 {
		points = append(points, point(emailUID, ContactName, alerting.ContactPointTypeEmail, map[string]any{
			"addresses": strings.Join(c.Emails, ";"), "singleEmail": false, "subject": title, "message": message,
		}))
	}
	if c.TelegramToken != "" {
		points = append(points, point(telegramUID, ContactName, alerting.ContactPointTypeTelegram, map[string]any{
			"bottoken": c.TelegramToken, "chatid": c.TelegramChat, "message": message, "parse_mode": "None", "disable_web_page_preview": true,
		}))
	}
	if c.Webhook != "" {
		points = append(points, point(webhookUID, ContactName, alerting.ContactPointTypeWebhook, map[string]any{
			"url": c.Webhook, "httpMethod": "POST", "title": title, "message": message,
		}))
	}
	if c.Watchdog != "" {
		life := point(WatchdogUID, WatchdogName, alerting.ContactPointTypeWebhook, map[string]any{
			"url": c.Watchdog, "httpMethod": "POST", "title": title, "message": message,
		})
		life.DisableResolveMessage = cog.ToPtr(true) // a sign of life that ends is not one
		points = append(points, life)
	}
	return points
}

func point(uid, name string, kind alerting.ContactPointType, settings map[string]any) alerting.ContactPoint {
	return alerting.ContactPoint{Uid: cog.ToPtr(uid), Name: cog.ToPtr(name), Type: kind, Settings: settings, DisableResolveMessage: cog.ToPtr(false)}
}

func use(template string) string { return `{{ template "` + template + `" . }}` }
