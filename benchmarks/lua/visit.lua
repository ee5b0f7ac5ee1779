-- Posts visits, each with an id of its own; ids are ordered by time, as a beacon's.
-- Arguments: the site's address, and a word that no other run uses.
local site, run, number

function init(args)
  site, run, number = args[1], args[2], 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "text/plain"
end

function request()
  number = number + 1
  local body = string.format(
    '{"id":"%s-%010d","url":"%s","referrer":"https://search.example/"}',
    run, number, site)
  return wrk.format(nil, nil, nil, body)
end
