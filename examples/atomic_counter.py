"""Count page visits with a DynamoDB atomic counter, with boto3 alone.

boto3 reads where and as whom from its own environment variables; `footfall
dynamodb` prints them:

    AWS_ENDPOINT_URL_DYNAMODB, AWS_DEFAULT_REGION,
    AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
"""

from contextlib import suppress

import boto3

SITE = "https://www.fernandomc.com/"

dynamodb = boto3.client("dynamodb")

if "siteVisits" not in dynamodb.list_tables()["TableNames"]:
    dynamodb.create_table(
        TableName="siteVisits",
        AttributeDefinitions=[{"AttributeName": "siteUrl", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "siteUrl", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="siteVisits")

# Only when it is absent: an item that is there keeps its visits
with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
    dynamodb.put_item(
        TableName="siteVisits",
        Item={"siteUrl": {"S": SITE}, "visits": {"N": "0"}},
        ConditionExpression="attribute_not_exists(siteUrl)",
    )

response = dynamodb.update_item(
    TableName="siteVisits",
    Key={"siteUrl": {"S": SITE}},
    UpdateExpression="SET visits = visits + :inc",
    ExpressionAttributeValues={":inc": {"N": "1"}},
    ReturnValues="UPDATED_NEW",
)
print(response["Attributes"])
