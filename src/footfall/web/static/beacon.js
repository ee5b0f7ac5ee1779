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
  var LOCAL = /^(localhost$|.*\.local(host)?$|(127|10|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254)\.|\[(::1|f[cde]))/;

  var script = document.currentScript;
  var waiting = {}, pause = PAUSE_MS, timer, last, visits;

  if (!script || window.footfall) return;

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
    var time = "0" + Date.now().toString(16), random = "";
    crypto.getRandomValues(new Uint8Array(9)).forEach((byte) => {
      random += (byte + 256).toString(16).slice(1);
    });
    return time.slice(0, 8) + "-" + time.slice(8) + "-7" + random.slice(0, 3) + "-a" +
      random.slice(3, 6) + "-" + random.slice(6);
  }

  var here = () => location.href.split("#")[0];

  var kept = guarded(() => JSON.parse(localStorage[KEY]));

  /* Storage is shared with other tabs, so it is read anew before each change. */
  var keep = guarded(() => {
    var all = kept() || {};
    for (var id in waiting) all[id] = waiting[id];
    localStorage[KEY] = JSON.stringify(
      Object.fromEntries(Object.entries(all).slice(-KEPT_MAX)));
  });

  var forget = guarded((id) => {
    delete waiting[id];
    var all = kept();
    if (all && all[id]) {
      delete all[id];
      localStorage[KEY] = JSON.stringify(all);
    }
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
    forget(id);
  }

  function again() {
    keep();
    clearTimeout(timer);
    timer = setTimeout(flush, pause);
    pause = Math.min(2 * pause, PAUSE_MS_MAX);
  }

  function pixel(id, url) {
    var image = new Image();
    image.onload = () => answered(id, 200);
    image.onerror = again;
    image.src = base + "pixel.gif?id=" + id + "&url=" + encodeURIComponent(url);
  }

  function send(id) {
    var view = waiting[id];
    var body = JSON.stringify({
      id: id, url: view.u, referrer: view.r, width: view.w,
      age: Math.max(0, Date.now() - view.t)
    });
    /* Plain text needs no preflight; keepalive lets it outlive the page. */
    fetch(base + "visits", {
      method: "POST", body: body, keepalive: true, credentials: "omit"
    }).then((response) => {
      answered(id, response.status);
      return response.ok && response.json().then((answer) => {
        visits = answer.visits;
        show();
      });
    }).catch(guarded(() => {
      if (!navigator.sendBeacon(base + "visits", body)) pixel(id, view.u);
      again();
    }));
  }

  var flush = guarded(() => {
    var all = kept() || {}, id;
    for (id in all) waiting[id] = all[id];
    for (id in waiting) send(id);
  });

  var count = guarded((url) => {
    if (!counts) return;
    var id = newId(), view = waiting[id] = { u: url || here(), t: Date.now() };
    if (!quiet) {
      view.r = last || document.referrer || undefined;
      view.w = screen.width;
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
    window.footfall = { count: count };
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
    addEventListener("pagehide", keep);
    addEventListener("online", flush);
    document.addEventListener("DOMContentLoaded", guarded(show));
  })();
})();
