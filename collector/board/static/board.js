// Keeps the page live: fetches its part "live" again and puts it in the old one's place
// when the collector says that something has changed, or, where it cannot, every so often.
// While the collector or its database is away, it says since when.
"use strict";

(function () {
  const limit = 10000; // ms until a fetch is given up
  const spread = 2000; // ms over which the open pages ask after a change
  const slow = 60000; // ms between two fetches while the collector says what changes
  const streams = 3; // of one browser: it opens six connections to a server
  const away = document.getElementById("away");
  const said = document.getElementById("said");
  const pause = document.getElementById("pause");
  let since = null; // when the collector stopped answering
  let stream = null;
  let give = null; // gives the stream's place back
  let asked = Date.now(); // when the page was last fetched
  let timer = null, due = Infinity;

  function live() { return document.getElementById("live"); }
  function every() { return Number(live().dataset.every) * 1000; }
  function paused() { return pause && pause.getAttribute("aria-pressed") === "true"; }
  function resting() { return document.hidden || paused() || !every(); }

  function time(date) {
    return date.toLocaleTimeString("en-GB", { timeZone: "Asia/Ho_Chi_Minh" });
  }

  function tell(sentence, times) {
    const parts = times.map(time);
    const text = sentence.replace(/%s/g, function () { return parts.shift(); });
    if (away.textContent !== text) away.textContent = text;
    away.hidden = false;
  }

  function missing(sentence) {
    since = since || new Date();
    tell(sentence, [since, new Date(live().dataset.at)]);
  }

  // Somebody marks a text or fills in a form: their work is not taken away.
  function busy() {
    const chosen = window.getSelection();
    if (chosen && !chosen.isCollapsed && live().contains(chosen.anchorNode)) return true;
    return Array.from(live().querySelectorAll("input, textarea, select"), function (e) {
      if (e === document.activeElement && e.type !== "submit" && e.type !== "button") return true;
      if (e.type === "checkbox" || e.type === "radio") return e.checked !== e.defaultChecked;
      if (e.tagName === "SELECT") return Array.from(e.options).some(function (o) { return o.selected !== o.defaultSelected && e.querySelector("option[selected]"); });
      return e.type !== "hidden" && e.value !== e.defaultValue;
    }).includes(true);
  }

  // By what an element is found again in the new part.
  function name(e) {
    if (e.id) return "#" + CSS.escape(e.id);
    for (const key of ["href", "name"]) {
      if (e.getAttribute(key)) return e.localName + "[" + key + '="' + CSS.escape(e.getAttribute(key)) + '"]';
    }
    return "";
  }

  function replace(text) {
    const focused = live().contains(document.activeElement) && name(document.activeElement);
    const scrolled = Array.from(document.querySelectorAll(".scroll"), function (e) { return e.scrollLeft; });
    const opened = Array.from(live().querySelectorAll("details[id][open]"), function (e) { return e.id; });
    const warned = warning();
    live().outerHTML = text;
    scrollable();
    document.querySelectorAll(".scroll").forEach(function (e, i) { e.scrollLeft = scrolled[i] || 0; });
    opened.forEach(function (id) { const e = document.getElementById(id); if (e) e.open = true; });
    if (focused) {
      const again = focused === "#live" ? live() : live().querySelector(focused);
      if (again) again.focus({ preventScroll: true });
    }
    if (warning() !== warned) said.textContent = warning();
  }

  // What is read out when it changes, and only then.
  function warning() {
    const e = live().querySelector(".warning");
    return e ? e.textContent : "";
  }

  // What is wider than its place is reached by keyboard.
  function scrollable() {
    document.querySelectorAll(".scroll").forEach(function (e) {
      if (e.scrollWidth <= e.clientWidth) {
        ["tabindex", "role", "aria-label"].forEach(function (a) { e.removeAttribute(a); });
        return;
      }
      const around = e.closest("figure, section");
      const title = around && around.querySelector("figcaption, h2");
      e.tabIndex = 0;
      e.setAttribute("role", "region");
      e.setAttribute("aria-label", title ? title.textContent.trim() : document.title);
    });
  }

  async function refresh() {
    const address = new URL(location.href);
    address.hash = "";
    address.searchParams.set("part", "live");
    const stop = new AbortController();
    const timer = setTimeout(function () { stop.abort(); }, limit);
    asked = Date.now();
    try {
      const answer = await fetch(address, { signal: stop.signal, cache: "no-store" });
      const text = await answer.text();
      if (answer.redirected || answer.status === 401) {
        tell(away.dataset.out, [new Date(live().dataset.at)]);
        return;
      }
      // A proxy's or a login page's answer is none of ours.
      if (!text.startsWith('<main id="live"')) throw new Error("not ours");
      if (answer.status === 503 && !live().classList.contains("message")) {
        missing(away.dataset.store);
        return;
      }
      since = null;
      away.hidden = true;
      if (!busy() && !resting()) replace(text);
    } catch (e) {
      missing(away.dataset.away);
    } finally {
      clearTimeout(timer);
    }
  }

  // One fetch is planned at most: what changes meanwhile comes with it.
  function plan(wait) {
    const at = Math.max(Date.now() + wait, asked + every());
    if (at >= due) return;
    clearTimeout(timer);
    due = at;
    timer = setTimeout(run, at - Date.now());
  }

  async function run() {
    if (resting()) {
      due = Infinity;
      return;
    }
    due = Infinity;
    await refresh();
    plan(listening() && !since ? slow : every());
  }

  function listening() { return stream !== null && stream.readyState === EventSource.OPEN; }

  // A place among the browser's streams; without one the page asks every so often.
  async function place() {
    for (let n = 0; n < streams; n++) {
      const got = await new Promise(function (settle) {
        navigator.locks.request("communewatch-events-" + n, { ifAvailable: true }, function (lock) {
          if (!lock) return settle(null);
          return new Promise(function (end) { settle(end); });
        });
      });
      if (got) return got;
    }
    return null;
  }

  async function listen() {
    if (stream || resting() || !window.EventSource || !navigator.locks) return;
    const end = await place();
    if (!end) return;
    if (stream || resting()) return end();
    give = end;
    stream = new EventSource(document.body.dataset.events);
    stream.addEventListener("changed", function () { plan(Math.random() * spread); });
    stream.onopen = function () { if (since) plan(Math.random() * spread); };
    stream.onerror = function () {
      plan(Math.random() * spread); // whether the collector is away is asked
      if (stream && stream.readyState === EventSource.CLOSED) {
        close();
        setTimeout(listen, slow);
      }
    };
  }

  function close() {
    if (stream) stream.close();
    if (give) give();
    stream = give = null;
  }

  function turn() {
    if (resting()) {
      close();
      return;
    }
    plan(0);
    listen();
  }

  // On a small screen a chart begins at its newest end.
  document.querySelectorAll(".chart .scroll").forEach(function (e) { e.scrollLeft = e.scrollWidth; });
  scrollable();
  window.addEventListener("resize", scrollable);
  if (!every()) return;
  if (pause) {
    pause.hidden = false;
    pause.addEventListener("click", function () {
      pause.setAttribute("aria-pressed", paused() ? "false" : "true");
      turn();
    });
  }
  document.addEventListener("visibilitychange", turn);
  window.addEventListener("pagehide", close);
  plan(every());
  listen();
})();
