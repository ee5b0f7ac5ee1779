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
 * It is served minified, as its size is every reader's.
 */
(() => {

  var KEY = "footfall", KEPT_MAX = 20, PAUSE_MS = 2000, PAUSE_MS_MAX = 300000;
  var LOCAL = /^(localhost$|.*\.local(host)?$|(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254)\.[\d.]+$|\[(::1|f[cde]))/;

  var script = document.currentScript;
  var waiting = {}, pause = PAUSE_MS, timer, last, newest, visits;

  /* A heading whose id is "footfall" is a `window.footfall` too. */
  if (!(script || 0).src || (window.footfall || 0).count) return;

  /* The server is where the script is, under whatever path. */
  var base = script.src.replace(/[^/]*$/, "v1/");
  var quiet = navigator.globalPrivacyControl || navigator.doNotTrack == 1;

  /* A page on this machine counts on a server of this machine, and on no other. */
  var counts = top == self && !navigator.webdriver && /^http/.test(location.protocol) &&
    (!LOCAL.test(location.hostname) || LOCAL.test(new URL(base).hostname)) &&
    !(quiet && script.getAttribute("data-respect") == "skip");

  /* Whatever fails stays here: storage is denied, say, or a page has changed a global. */
  var guarded = (act) => (x) => {
    try { return act(x); } catch (_) { }
  };

  /* RFC 9562: 48 bits of time (44 of them until 2527), then random ones. */
  function newId() {
    var time = "0" + Date.now().toString(16);
    return time.slice(0, 8) + "-" + time.slice(8) +
      "-7rrr-arrr-rrrrrrrrrrrr".replace(/r/g, () =>
        (crypto.getRandomValues(new Uint8Array(1))[0] & 15).toString(16));
  }

  /* The server takes no longer address, and the path alone tells the page. */
  var here = () => location.href.split("#")[0].slice(0, 2048);

  var kept = guarded(() => JSON.parse(localStorage[KEY]));

  /*
   * Keeps what waits, without the view that is answered, if one is. Storage is shared
   * with other tabs, so it is read anew; it is written only where there is need.
   */
  var keep = guarded((answered) => {
    var all = kept() || {};
    if (answered && !all[answered]) return;
    Object.assign(all, waiting);
    delete all[answered];
    localStorage[KEY] = JSON.stringify(
      Object.fromEntries(Object.entries(all).slice(-KEPT_MAX)));
  });

  function show() {
    if (visits != null) {
      document.querySelectorAll("[data-footfall-count]").forEach((element) => {
        element.textContent = visits.toLocaleString();
      });
    }
  }

  /* Any answer is definite but "too many" and a server's own failure. */
  function answered(id, status) {
    if (status == 429 || status > 499) return again();
    pause = PAUSE_MS;
    delete waiting[id];
    keep(id);
  }

  /* Once for all that failed together: the pause grows by rounds, not by views. */
  function again() {
    keep();
    if (!timer) {
      timer = setTimeout(flush, pause);
      pause = Math.min(2 * pause, PAUSE_MS_MAX);
    }
  }

  function pixel(view) {
    var image = new Image();
    image.onload = () => answered(view.id, 200);
    image.onerror = again;
    image.src = base + "pixel.gif?" + new URLSearchParams(view);
  }

  var send = guarded((id) => {
    var view = waiting[id], age = Math.max(0, Date.now() - view.t), url = view.url;
    var body = JSON.stringify({ ...view, t: undefined, id, age });
    /* Plain text needs no preflight; keepalive lets it outlive the page. */
    (async () => fetch(base + "visits", {
      method: "POST", body, keepalive: true, credentials: "omit"
    }))().then((response) => {
      answered(id, response.status);
      /* An older view's number is older, or another site's. */
      return response.ok && id == newest && response.json().then((answer) => {
        visits = answer.visits;
        show();
      });
    }).catch(guarded(() => {
      if (!navigator.sendBeacon(base + "visits", body)) pixel({ id, url, age });
      again();
    }));
  });

  var flush = guarded(() => {
    clearTimeout(timer);
    timer = 0;
    Object.assign(waiting, kept());
    Object.keys(waiting).forEach(send);
  });

  var count = guarded((url, event) => {
    if (!counts) return;
    var id = newest = newId(), view = waiting[id] = { url: url || here(), t: Date.now(), event };
    if (!quiet) {
      view.referrer = last || document.referrer || undefined;
      view.width = screen.width;
    }
    last = here();
    send(id);
  });

  /* A page that is loaded ahead, or in a background tab, is a view when it is seen. */
  function whenSeen() {
    if (!document.hidden) return count();
    document.addEventListener("visibilitychange", whenSeen, { once: true });
  }

  /*
   * Another path or query is another view; a fragment is a place in the same one, and
   * an address that is replaced is another name of it.
   */
  var moved = guarded(() => {
    if (last && last != here()) count();
  });

  guarded(() => {
    window.footfall = { count };
    if (!counts) return;
    flush();
    whenSeen();
    ["pushState", "replaceState"].forEach((name, replaced) => {
      var original = history[name];
      history[name] = function () {
        original.apply(this, arguments);
        replaced ? last = last && here() : moved();
      };
    });
    addEventListener("popstate", moved);
    addEventListener("pageshow", (event) => event.persisted && whenSeen());
    addEventListener("pagehide", () => keep());
    addEventListener("online", flush);
    addEventListener("DOMContentLoaded", guarded(show));
  })();
})();
