// Keeps the page live: fetches its part "live" again and puts it in the old one's
// place. While the collector or its database is away, it says since when.
"use strict";

(function () {
  const limit = 10000; // ms until a fetch is given up
  const away = document.getElementById("away");
  let since = null; // when the collector stopped answering

  function live() { return document.getElementById("live"); }

  function time(date) {
    return date.toLocaleTimeString("en-GB", { timeZone: "Asia/Ho_Chi_Minh" });
  }

  function missing(sentence) {
    since = since || new Date();
    const parts = [time(since), time(new Date(live().dataset.at))];
    const text = sentence.replace(/%s/g, function () { return parts.shift(); });
    if (away.textContent !== text) away.textContent = text;
    away.hidden = false;
  }

  function reading() {
    const chosen = window.getSelection();
    return chosen && !chosen.isCollapsed && live().contains(chosen.anchorNode);
  }

  function replace(text) {
    const focused = live().contains(document.activeElement) && document.activeElement.getAttribute("href");
    const scrolled = Array.from(document.querySelectorAll(".scroll"), function (e) { return e.scrollLeft; });
    live().outerHTML = text;
    document.querySelectorAll(".scroll").forEach(function (e, i) { e.scrollLeft = scrolled[i] || 0; });
    if (focused) {
      const again = live().querySelector('a[href="' + CSS.escape(focused) + '"]');
      if (again) again.focus({ preventScroll: true });
    }
  }

  async function refresh() {
    const address = new URL(location.href);
    address.searchParams.set("part", "live");
    const stop = new AbortController();
    const timer = setTimeout(function () { stop.abort(); }, limit);
    try {
      const answer = await fetch(address, { signal: stop.signal, cache: "no-store" });
      const text = await answer.text();
      // A proxy's or a login page's answer is none of ours.
      if (!text.startsWith('<main id="live"')) throw new Error("not ours");
      if (answer.status === 503 && !live().classList.contains("message")) {
        missing(away.dataset.store);
        return;
      }
      since = null;
      away.hidden = true;
      if (!reading()) replace(text);
    } catch (e) {
      missing(away.dataset.away);
    } finally {
      clearTimeout(timer);
    }
  }

  async function run() {
    if (!document.hidden) await refresh();
    setTimeout(run, Number(live().dataset.every) * 1000);
  }

  // On a small screen a chart begins at its newest end.
  document.querySelectorAll(".chart .scroll").forEach(function (e) { e.scrollLeft = e.scrollWidth; });

  setTimeout(run, Number(live().dataset.every) * 1000);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) refresh(); });
})();
