-- Posts the recipe's UpdateItem: one hot item, one more each time.
function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
  wrk.headers["X-Amz-Target"] = "DynamoDB_20120810.UpdateItem"
  wrk.headers["X-Amz-Date"] = "20260101T000000Z"
  wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=local/20260101/"
    .. "us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
  wrk.body = '{"TableName":"siteVisits","Key":{"siteUrl":{"S":'
    .. '"https://www.fernandomc.com/"}},"UpdateExpression":'
    .. '"SET visits = visits + :inc","ExpressionAttributeValues":{":inc":{"N":"1"}},'
    .. '"ReturnValues":"UPDATED_NEW"}'
end
