-- Posts visits, each with an id of its own; ids are ordered by time, as a beacon's.
-- Arguments: the site's address, a word that no other run uses, and what is sent:
--   plain     one page, one reader
--   repeated  the same, and each tenth is an earlier visit once more, as of a beacon that
--             had no answer
--   full      many pages, sources, campaigns, screens, programs and readers, whose
--             addresses a proxy tells; every second visit is of a new reader
local site, run, kind, number

local programs = {
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    .. " Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
    .. " (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
}
local widths = { 390, 820, 1366, 1920, 2560 }

function init(args)
  site, run, kind, number = args[1], args[2], args[3] or "plain", 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "text/plain"
end

local function full()
  local reader = math.floor(number / 2)
  local campaign = number % 3 == 0 and "?utm_campaign=c" .. number % 7 or ""
  wrk.headers["User-Agent"] = programs[reader % 3 + 1]
  wrk.headers["X-Forwarded-For"] = string.format(
    "10.%d.%d.%d", math.floor(reader / 62500) % 250, math.floor(reader / 250) % 250,
    reader % 250)
  return string.format(
    '{"id":"%s-%010d","url":"%sarticles/%d%s",'
    .. '"referrer":"https://blog-%d.example/","width":%d}',
    run, number, site, number % 97, campaign, number % 41, widths[reader % 5 + 1])
end

function request()
  number = number + 1
  if kind == "full" then
    return wrk.format(nil, nil, nil, full())
  end
  local id = number
  if kind == "repeated" and number % 10 == 0 and number > 1000 then
    id = number - 999
  end
  local body = string.format(
    '{"id":"%s-%010d","url":"%s","referrer":"https://search.example/"}', run, id, site)
  return wrk.format(nil, nil, nil, body)
end
