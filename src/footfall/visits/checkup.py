"""What is wrong with a store, in words that say what to do; nothing is changed by it.

    each table     is there, has the right key; its time to live is on, if it has one
    counting       a visit's own transaction, each action under a condition that fails:
                   so it asks for every permission and writes nothing
    each site      its number is one

What a store refuses is told apart by its code: credentials, permissions, throttling, an
operation that it lacks. A store that cannot be reached fails the first check, and no
other is made.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from footfall.counters.port import (
    Store,
    error_code,
    error_names,
    reason_codes,
    store_errors,
)
from footfall.counters.tables import (
    BUCKET,
    EXPIRES_AT,
    KIND,
    NAME,
    RECEIPT,
    SITE_URL,
    VISITS,
    Request,
)
from footfall.counters.transactions import NO_TRANSACTIONS, UNKNOWN_OPERATION

_ON = frozenset({"ENABLED", "ENABLING"})
_NOWHERE = "footfall doctor"  # no site's address and no id

_CREDENTIALS = frozenset(
    {
        *(
            "ExpiredTokenException",
            "IncompleteSignatureException",
            "NoCredentialsError",
        ),
        *(
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "PartialCredentialsError",
        ),
        *("UnrecognizedClientException", "MissingAuthenticationTokenException"),
    }
)
_PERMISSIONS = frozenset({"AccessDeniedException", "AccessDenied"})
_THROTTLES = frozenset(
    {
        *("ProvisionedThroughputExceededException", "RequestLimitExceeded"),
        *("ProvisionedThroughputExceeded", "ThrottlingError", "ThrottlingException"),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what is wrong with it; None where nothing is."""

    subject: str
    problem: str | None = None


def check_store(store: Store) -> Iterator[Finding]:
    """Look at everything that counting needs, one finding after the other."""
    sound = True
    for request in store.tables.create_requests():
        finding, answers = _check_table(store, request)
        yield finding
        if not answers:
            return
        sound = sound and finding.problem is None
    if not sound:
        return  # what follows would only say it again
    for request in store.tables.time_to_live_requests():
        yield _check_time_to_live(store, request)
    yield _check_counting(store)
    yield from _check_sites(store)


def _check_table(store: Store, request: Request) -> tuple[Finding, bool]:
    """What is wrong with a table, and whether the store answers at all."""
    table = request["TableName"]
    subject = f"table {table}"
    try:
        answer = store.client.describe_table(TableName=table)
    except store_errors(store.client) as error:
        if error_code(error) == "ResourceNotFoundException":
            problem = "is missing; run `footfall tables create`"
            return Finding(subject, problem), True
        return Finding(subject, _refused(error)), error_code(error) in _PERMISSIONS
    description = answer["Table"]
    types = {
        each["AttributeName"]: each["AttributeType"]
        for each in description["AttributeDefinitions"]
    }
    key = _key_text((e["AttributeName"], types) for e in description["KeySchema"])
    wanted = _key_text((e["AttributeName"], None) for e in request["KeySchema"])
    if key != wanted:
        return Finding(
            subject,
            f"has the key {key}, and must have {wanted}; a key cannot be changed: take"
            f" another --table-prefix, or delete the table and run `footfall tables"
            f" create`",
        ), True
    if description["TableStatus"] not in ("ACTIVE", "UPDATING"):
        problem = f"is {description['TableStatus']}; wait until it is ACTIVE"
        return Finding(subject, problem), True
    return Finding(subject), True


def _key_text(names: Iterator[tuple[str, dict[str, str] | None]]) -> str:
    return ", ".join(f"{name} {types[name] if types else 'S'}" for name, types in names)


def _check_time_to_live(store: Store, request: Request) -> Finding:
    table = request["TableName"]
    wanted = request["TimeToLiveSpecification"]["AttributeName"]
    subject = f"time to live of {table}"
    try:
        answer = store.client.describe_time_to_live(TableName=table)
    except store_errors(store.client) as error:
        return Finding(subject, _refused(error))
    said = answer["TimeToLiveDescription"]
    if said["TimeToLiveStatus"] not in _ON:
        return Finding(
            subject,
            "is off, so that what should expire is kept, and paid, for ever; run"
            " `footfall tables create`, which switches it on",
        )
    if said.get("AttributeName") != wanted:
        return Finding(
            subject,
            f"is on {said.get('AttributeName')!r}, and must be on {wanted!r}: switch"
            f" it off, then run `footfall tables create`",
        )
    return Finding(subject)


def _check_counting(store: Store) -> Finding:
    """Ask for a visit's transaction, which must be cancelled by its conditions."""
    subject = "counting"
    try:
        store.client.transact_write_items(TransactItems=_visit_of_nothing(store))
    except store_errors(store.client) as error:
        if "ConditionalCheckFailed" in reason_codes(error):
            return Finding(subject)
        return Finding(subject, _refused(error))
    return Finding(subject, f"there is an item of the name {_NOWHERE!r}; delete it")


def _visit_of_nothing(store: Store) -> list[Request]:
    """The actions of a visit, on items that are not there and must be."""
    tables = store.tables
    nowhere = {"S": _NOWHERE}
    add = {
        "UpdateExpression": "ADD #number :zero",
        "ExpressionAttributeValues": {":zero": {"N": "0"}},
    }
    site = {
        "TableName": tables.site_visits,
        "Key": {SITE_URL: nowhere},
        "ConditionExpression": "attribute_exists(#number)",
        "ExpressionAttributeNames": {"#number": VISITS},
    }
    bucket = {
        "TableName": tables.visit_rollups,
        "Key": {SITE_URL: nowhere, BUCKET: nowhere},
        "ConditionExpression": "attribute_exists(#number)",
        "ExpressionAttributeNames": {"#number": VISITS},
    }
    receipt = {
        "TableName": tables.visit_receipts,
        "Item": {RECEIPT: nowhere, EXPIRES_AT: {"N": "1"}},
        "ConditionExpression": f"attribute_exists({RECEIPT})",
    }
    setting = {
        "TableName": tables.settings,
        "Item": {KIND: nowhere, NAME: nowhere},
        "ConditionExpression": "attribute_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    return [
        {"Put": receipt},
        {"Put": setting},
        {"Update": {**site, **add}},
        {"Update": {**bucket, **add}},
    ]


def _check_sites(store: Store) -> Iterator[Finding]:
    request: Request = {"TableName": store.tables.site_visits, "ConsistentRead": True}
    sites = 0
    while True:
        try:
            page = store.client.scan(**request)
        except store_errors(store.client) as error:
            yield Finding("sites", _refused(error))
            return
        for item in page["Items"]:
            sites += 1
            yield _check_site(item[SITE_URL]["S"], item.get(VISITS))
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    if not sites:
        yield Finding("sites", "there is none; run `footfall sites add URL`")


def _check_site(url: str, stored: dict[str, str] | None) -> Finding:
    subject = f"site {url}"
    if stored is not None and "N" in stored:
        return Finding(subject)
    said = "is missing"
    if stored is not None:
        ((kind, value),) = stored.items()
        said = f"is {kind} {value!r}, no number"
    problem = f"{VISITS!r} {said}; run `footfall sites repair {url}`"
    return Finding(subject, problem)


def _refused(error: Exception) -> str:
    """What a store's refusal means, and what to do about it."""
    code = error_code(error) or type(error).__name__
    if code in _CREDENTIALS:
        return (
            f"the credentials are not taken ({code}); see which boto3 finds with `aws"
            f" sts get-caller-identity`, and renew them"
        )
    if code in _PERMISSIONS:
        return (
            f"a permission is missing: {error}; add it to the policy, as"
            f" deploy/aws/template.yaml has them"
        )
    throttled = _THROTTLES.intersection((code, *error_names(error)))
    if throttled:
        return (
            f"the store throttles ({min(throttled)}): give the table on-demand billing,"
            f" or more write units, or wait; visits are answered 503 and come again"
        )
    if code == UNKNOWN_OPERATION:
        return NO_TRANSACTIONS
    if not error_code(error):
        return (
            f"the store does not answer ({code}); see that the region or the endpoint"
            f" is right and the network is up"
        )
    return f"the store refused: {error}"
