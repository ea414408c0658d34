-- A body of 100 records for each request, every record with an id of its own,
-- for wrk: `wrk -t 2 -c 8 -d 5s --latency -s benches/load/post.lua URL/api/v1/logs`

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  sent = 0
  start = os.time() * 1000
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  local record = '{"timestamp":"2026-02-06T12:00:00.%03dZ","level":"info","logger":"HTTP",'
    .. '"message":"GET /api/rooms/42 200 in %d ms","attributes":{"status":200,"ms":%d},'
    .. '"installId":"6c1f0c1e-0000-4000-8000-00000000000%d",'
    .. '"sessionId":"9e2d4b8a-0000-4000-8000-00000000000%d","recordId":"'
  heads = {}
  for n = 0, 99 do
    heads[n] = record:format(n, n, n, number, number)
  end
end

function request()
  sent = sent + 1
  local time = start + sent
  -- A UUIDv7, as an app makes them: the time, then what tells it from others.
  local id = string.format("%08x-%04x-7%03x-8%03x-%08x",
    math.floor(time / 65536), time % 65536, number, number, sent)
  local parts = {}
  for n = 0, 99 do
    parts[n + 1] = heads[n] .. id .. string.format("%04x", n) .. '"}'
  end
  local body = '{"logs":[' .. table.concat(parts, ",")
    .. '],"resource":{"service.name":"bench","service.version":"1.0.0"}}'
  return wrk.format(nil, nil, nil, body)
end

function done(summary, latency)
  local seconds = summary.duration / 1e6
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format("%.0f records/s, p50 %.1f ms, p99 %.1f ms, %d failed\n",
    summary.requests * 100 / seconds, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, failed))
end
