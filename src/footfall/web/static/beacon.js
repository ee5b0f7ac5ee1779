/*
 * Footfall's beacon: tells the server of each view of a page, and keeps telling until
 * it has an answer.
 *
 * A view gets an id when it is first seen and keeps it through every retry, so however
 * often it is sent it counts once. What has no definite answer is kept in the browser's
 * storage, a few at most, and sent again: after a pause that grows, when the browser is
 * online again, and on the next page. Nothing here may throw into the page, delay a
 * navigation, or need anything that a strict Content-Security-Policy forbids.
 *
 * It is served minified, as its size is every reader's. docs/reference/beacon.md says
 * what it offers to a page; tests/browser holds each case in a real browser.
 */
(() => {

  var KEY = "footfall:", KEPT_MAX = 20, PAUSE_MS = 2e3, PAUSE_MS_MAX = 3e5;

  /* localhost and .local, private IPv4, and IPv6 but for 2000::/3, the public part. */
  var LOCAL = /local(host)?$|^(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\.[\d.]+$|^\[[^23]/;

  /* What has no answer yet: each view's JSON, by its key in the storage. */
  var waiting = {}, pause = PAUSE_MS, timer;

  /* The address of the last view, the key of the newest, the number last told. */
  var last, newest, visits;

  /*
   * Whatever fails stays here, at once or later: storage is denied, say, or a page has
   * changed a global.
   */
  var safe = (act) => async (...x) => {
    try { await act(...x); } catch (_) { }
  };

  safe(() => {
    var script = document.currentScript, data = script.dataset;

    /* The server is where the script is, under whatever path, unless the tag says. */
    var base = new URL("v1/", data.server || script.src);
    var quiet = navigator.globalPrivacyControl || navigator.doNotTrack == 1;

    /* There already. (A heading whose id is "footfall" is a `window.footfall` too.) */
    if ((window.footfall || 0).event) return;
    window.footfall = { count() { }, event() { } };

    /* A page on this machine counts on a server of this machine, unless told. */
    if (top != window || navigator.webdriver || !/^http/.test(location) ||
      LOCAL.test(location.hostname) && !LOCAL.test(base.hostname) && data.local == null ||
      quiet && data.respect == "skip") return;

    /* Without the page's own fragment; the server takes no longer address. */
    var here = (url) => new URL(url || "", location).href.slice(0, 2048);

    /* A key for each, as tabs share the storage and must not undo each other's. */
    var keys = () => Object.keys(localStorage).filter((key) => key.startsWith(KEY)).sort();
    var keep = safe(() => {
      Object.assign(localStorage, waiting);
      for (var key of keys().slice(0, -KEPT_MAX)) delete localStorage[key];
    });

    /* Once for all that failed together: the pause grows by rounds, not by views. */
    var again = (seconds) => {
      keep();
      if (!timer) {
        pause = Math.min(Math.max(pause, seconds * 1e3 || 0), PAUSE_MS_MAX);
        timer = setTimeout(flush, pause);
        pause *= 2;
      }
    };

    /* Any answer is definite but "too many" and a server's own failure. */
    var answered = safe((key, { status, headers }) => {
      if (status == 429 || status > 499) return again(headers.get("Retry-After"));
      pause = PAUSE_MS;
      delete waiting[key];
      delete localStorage[key];
    });

    var show = safe(() => {
      for (var node of document.querySelectorAll("[data-footfall-count]")) {
        node.textContent = visits.toLocaleString();
      }
    });

    var send = safe(async (key) => {
      var { at, ...view } = JSON.parse(waiting[key]), reply, body;
      view.age = Math.max(0, Date.now() - at);
      body = JSON.stringify(view);
      try {
        /* Plain text needs no preflight; keepalive lets it outlive the page. */
        reply = await fetch(base + "visits", {
          method: "POST", body, keepalive: true, credentials: "omit"
        });
      } catch (_) {
        /* An image has an answer too; sendBeacon, the last way, has none. */
        again();
        reply = new Image();
        reply.onload = () => answered(key, reply);
        reply.onerror = safe(() => navigator.sendBeacon(base + "visits", body));
        reply.src = base + "pixel.gif?" + new URLSearchParams(view);
        return;
      }
      answered(key, reply);
      /* An older view's number is older, or another site's. */
      if (key == newest) {
        visits = (await reply.json()).visits;
        show();
      }
    });

    var flush = safe(() => {
      timer = clearTimeout(timer);
      for (var key in waiting) send(key);
    });

    var count = safe((url, event) => {
      /*
       * RFC 9562, UUIDv7: 48 bits of time (44 until 2527), then random ones. These keep
       * ids apart and are no secret, so they need no `crypto`, which a page may break.
       */
      var at = Date.now(), id = at.toString(16).replace(/(.{7})/, "0$1-") +
        "-7rrr-arrr-rrrrrrrrrrrr".replace(/r/g, () => (Math.random() * 16 | 0).toString(16));
      var view = { id, at, url: here(url), event }, key = KEY + id;
      if (event == null) {
        newest = key;
        if (!quiet) {
          view.referrer = last || document.referrer;
          view.width = screen.width;
        }
        last = here();
      }
      waiting[key] = JSON.stringify(view);
      send(key);
    });

    var event = (name, url) => count(url, name + "");

    /* A page that is loaded ahead, or in a background tab, is a view when it is seen. */
    var seen = () => {
      if (!document.hidden) return count();
      document.addEventListener("visibilitychange", seen, { once: true });
    };

    /*
     * Another path or query is another view; a fragment is a place in the same one, and
     * an address that is replaced is another name of it.
     */
    var moved = safe((replaced) => {
      if (last && last != here()) replaced == 1 ? last = here() : count();
    });

    window.footfall = { count: (url) => count(url), event };
    /* What earlier pages kept. */
    safe(() => {
      for (var key of keys()) {
        waiting[key] = localStorage[key];
        send(key);
      }
    })();
    seen();
    addEventListener("popstate", moved);
    addEventListener("pageshow", (shown) => shown.persisted && seen());
    addEventListener("pagehide", keep);
    addEventListener("online", flush);
    addEventListener("DOMContentLoaded", show);
    addEventListener("click", safe(({ target }) => {
      target = target.closest("[data-footfall-event]");
      if (target) event(target.dataset.footfallEvent);
    }), true);
    ["pushState", "replaceState"].forEach((name, replaced) => {
      var own = history[name];
      history[name] = (...x) => {
        /* A router may replace the address on "popstate" before we hear of it. */
        moved();
        own.apply(history, x);
        moved(replaced);
      };
    });
  })();
})();
