-- Posts one of DynamoDB's operations; KEY in the body is another in each request.
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
  wrk.headers["X-Amz-Target"] = "DynamoDB_20120810." .. args[1]
  wrk.headers["X-Amz-Date"] = "20260101T000000Z"
  wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=local/20260101/"
    .. "us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
  before, after = args[2]:match("^(.*)KEY(.*)$")
  if before == nil then
    wrk.body = args[2]
  else
    sent, run = 0, args[3]
    request = function()
      sent = sent + 1
      return wrk.format(nil, nil, nil, before .. run .. "-" .. sent .. after)
    end
  end
end
