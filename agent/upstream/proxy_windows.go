package upstream

import "golang.org/x/sys/windows/registry"

const (
	internetSettings = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`
	internetPolicy   = `Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings`
)

// systemProxies gives what the user has set and what the machine is set to, in that
// order; where a policy says that the machine's settings hold for all users, those. They
// are read anew each time: people change them while the agent runs.
func systemProxies() []systemProxy {
	user := registry.CURRENT_USER
	if perUser, ok := number(registry.LOCAL_MACHINE, internetPolicy, "ProxySettingsPerUser"); ok && perUser == 0 {
		user = registry.LOCAL_MACHINE
	}
	return []systemProxy{internetProxy(user), winHTTPProxy()}
}

func internetProxy(root registry.Key) systemProxy {
	if on, _ := number(root, internetSettings, "ProxyEnable"); on == 0 {
		return systemProxy{}
	}
	key, err := registry.OpenKey(root, internetSettings, registry.QUERY_VALUE)
	if err != nil {
		return systemProxy{}
	}
	defer key.Close()
	server, _, err := key.GetStringValue("ProxyServer")
	if err != nil {
		return systemProxy{}
	}
	override, _, _ := key.GetStringValue("ProxyOverride") // none is set: there are none
	return newSystemProxy(server, override)
}

func winHTTPProxy() systemProxy {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, internetSettings+`\Connections`, registry.QUERY_VALUE)
	if err != nil {
		return systemProxy{}
	}
	defer key.Close()
	data, _, err := key.GetBinaryValue("WinHttpSettings")
	if err != nil {
		return systemProxy{}
	}
	set, _ := parseWinHTTP(data) // what cannot be read sets nothing
	return set
}

func number(root registry.Key, path, name string) (uint64, bool) {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if err != nil {
		return 0, false
	}
	defer key.Close()
	value, _, err := key.GetIntegerValue(name)
	return value, err == nil
}
