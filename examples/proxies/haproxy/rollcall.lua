-- Asks Rollcall about a request: `http-request lua.rollcall-check URL`, where URL is that of the door, such as
-- http://rollcall.rollcall-system.svc.cluster.local:80/check/forward/NAMESPACE/DIRECTORY/APPLICATION.
--
-- A request that is allowed goes on with the headers that say who it is. Everybody else gets Rollcall's answer. Without an
-- answer nobody gets in.

local TIMEOUT_MILLISECONDS = 5000

-- What Rollcall reads of a request.
local ASKED_WITH = { "cookie", "authorization", "accept", "sec-fetch-mode", "x-requested-with", "upgrade" }

-- What of Rollcall's refusal the client gets.
local ANSWERED_WITH = { "location", "www-authenticate", "content-type", "cache-control", "set-cookie", "retry-after" }

-- Whether a header says who somebody is. Many applications read an underscore as a hyphen.
local function is_identity(name)
    local plain = name:lower():gsub("_", "-")
    for _, prefix in ipairs({ "x-auth-request-", "x-rollcall-", "remote-" }) do
        if plain:sub(1, #prefix) == prefix then
            return true
        end
    end
    return false
end

-- The values of a header as a list; HAProxy counts them from 0.
local function list(values)
    local found = {}
    for _, value in pairs(values or {}) do
        found[#found + 1] = value
    end
    return found
end

local function ask(txn, url)
    local sent = txn.http:req_get_headers()
    local headers = {
        ["x-forwarded-method"] = { txn.f:method() },
        ["x-forwarded-proto"] = { "https" },
        ["x-forwarded-host"] = { txn.f:req_fhdr("host") },
        ["x-forwarded-uri"] = { txn.f:url() },
        ["x-forwarded-for"] = { txn.f:src() },
    }
    for _, name in ipairs(ASKED_WITH) do
        if sent[name] then
            headers[name] = list(sent[name])
        end
    end
    local client = core.httpclient()
    return client:get({ url = url, headers = headers, timeout = TIMEOUT_MILLISECONDS })
end

local function refuse(txn, answer)
    local reply = txn:reply({ status = 503, reason = "Service Unavailable" })
    if answer and answer.status and answer.status >= 300 then
        reply:set_status(answer.status)
        for _, name in ipairs(ANSWERED_WITH) do
            for _, value in ipairs(list(answer.headers[name])) do
                reply:add_header(name, value)
            end
        end
        reply:set_body(answer.body or "")
    end
    txn:done(reply)
end

core.register_action("rollcall-check", { "http-req" }, function(txn, url)
    local answer = ask(txn, url)
    if not answer or answer.status ~= 200 then
        refuse(txn, answer)
        return
    end
    for name in pairs(txn.http:req_get_headers()) do
        if is_identity(name) then
            txn.http:req_del_header(name)
        end
    end
    for name, values in pairs(answer.headers) do
        if is_identity(name) then
            txn.http:req_set_header(name, list(values)[1] or "")
        end
    end
end, 1)
