-- Posts a visit's body to a route that does nothing with it.
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "text/plain"
  wrk.body = '{"id":"0000000000000000-0000000000","url":"https://a.example/",'
    .. '"referrer":"https://search.example/"}'
end
