package provision

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"communewatch/dashboards"
)

// completeContacts refuses channels that could not work. No address is repeated in
// an error: that of a webhook is a secret.
func (c *Config) completeContacts() error {
	to := &c.Contacts
	for _, secret := range []*string{&to.TelegramToken, &to.TelegramChat, &to.Webhook, &to.Watchdog} {
		*secret = strings.TrimSpace(*secret)
	}
	for _, address := range to.Emails {
		if a, err := mail.ParseAddress(address); err != nil || a.Address != address {
			return fmt.Errorf("%q is no e-mail address", address)
		}
	}
	if (to.TelegramToken == "") != (to.TelegramChat == "") {
		return errors.New("for Telegram both are needed, the bot's token and the chat")
	}
	if strings.ContainsAny(to.TelegramToken+to.TelegramChat, " \t\r\n") {
		return errors.New("the token or chat of Telegram has blanks in it")
	}
	for name, address := range map[string]string{"webhook": to.Webhook, "watchdog": to.Watchdog} {
		if address == "" {
			continue
		}
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("the address of the %s is not http(s)://host…", name)
		}
	}
	if c.Pages == "" {
		return nil
	}
	if err := checkAddress(c.Pages); err != nil {
		return fmt.Errorf("the address of the collector's pages: %w", err)
	}
	if len(c.Pages) > dashboards.MaxPages || strings.ContainsAny(c.Pages, "{}") {
		return fmt.Errorf("the address of the collector's pages is longer than %d or holds braces: it stands in every message", dashboards.MaxPages)
	}
	return nil
}
