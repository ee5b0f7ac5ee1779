"""The tables: their names, keys, attribute names and CreateTable requests.

No other file spells a table's or an attribute's name. The names are a stored
format: what a released version wrote, a later one reads.

    siteVisits        siteUrl                 one item a site, the recipe's own
    visitRollups      siteUrl, bucket         numbers by site, day and dimension
    visitReceipts     receipt                 proof that an id was counted; TTL
    counters          name                    named counters; count-downs, blocks of claims
    footfallSettings  kind, name              sites' settings, baselines, imports, salts,
                                              the owner's password, sessions, tokens; TTL
"""

from dataclasses import dataclass
from typing import Any

# siteVisits
SITE_URL = "siteUrl"
VISITS = "visits"

# visitRollups; the day's numbers are in attributes of their own (visits.buckets)
BUCKET = "bucket"
FOLDED = "folded"  # what `sites compact` took from a shard, or put into `visits`

# visitReceipts
RECEIPT = "receipt"
EXPIRES_AT = "expiresAt"  # seconds since the epoch; the table's TTL attribute
COUNTED_AT = "at"  # milliseconds since the epoch: the visit's own time
GROUP = "group"  # the group commit that wrote the receipt
PAGE = "page"
MOVED = "moved"  # what an addition moved: the counter and the amount

# counters
NAME = "name"
VALUE = "value"  # a counter's number
CURRENT = "current"  # a count-down's number: from `start` down to `floor`
START = "start"
FLOOR = "floor"
CLAIMS = "claims"  # a map from a claim's id to `current` before the claim
BLOCKS = "blocks"  # how many full blocks of claims stand in items of their own
SERIES = "series"  # tells one count-down's blocks from a later one's of its name

# footfallSettings
KIND = "kind"
TIMEZONE = "timezone"
PRIVATE = "private"
PUBLISHED = "published"
ALIASES = "aliases"
BROKEN_DOWN_BY = "dimensions"
ORIGINS = "origins"  # whose pages may send visits; none is any
RATE_LIMIT = "rateLimit"  # visits a second; 0 is no limit
RETENTION_DAYS = "retentionDays"  # 0 is for ever
BASELINE = "baseline"
IMPORTED = "imported"  # grows with every transaction that moves days of long ago
KEPT_FROM = "keptFrom"  # the first day that was kept when older ones were taken away
LINES = "lines"  # what tells the lines of a log that were counted in an hour
ID = "id"  # a store's own, or of the store that it is being copied from
EXPORT = "export"  # what tells the export that a site was made of
PLACE = "place"  # how much of it is done
ENDED = "ended"
SALT = "salt"
VERSION = "version"
PASSWORD_HASH = "hash"
PASSWORD_KEY = "key"  # random, made with the password: what hangs on it ends with it
OF_PASSWORD = "of"  # tells the password under which a session began
CREATED_AT = "createdAt"  # seconds since the epoch
RENEWED_AT = "renewedAt"
LABEL = "label"
SCOPES = "scopes"

Request = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables' names, all under one prefix ("" is the recipe's own names)."""

    prefix: str = ""

    @property
    def site_visits(self) -> str:
        """One item a site, its key and number as in the recipe."""
        return self.prefix + "siteVisits"

    @property
    def visit_rollups(self) -> str:
        """Numbers by site, day and dimension."""
        return self.prefix + "visitRollups"

    @property
    def visit_receipts(self) -> str:
        """One item for each id counted, until it expires."""
        return self.prefix + "visitReceipts"

    @property
    def counters(self) -> str:
        """Named counters and count-downs."""
        return self.prefix + "counters"

    @property
    def settings(self) -> str:
        """Sites' settings and baselines, and the days' salts until they expire."""
        return self.prefix + "footfallSettings"

    def create_requests(self) -> list[Request]:
        """A CreateTable request for each table, in the order of this file's top."""
        return [
            _create_request(self.site_visits, SITE_URL),
            _create_request(self.visit_rollups, SITE_URL, BUCKET),
            _create_request(self.visit_receipts, RECEIPT),
            _create_request(self.counters, NAME),
            _create_request(self.settings, KIND, NAME),
        ]

    def time_to_live_requests(self) -> list[Request]:
        """The UpdateTimeToLive requests that let receipts and salts expire."""
        return [
            {
                "TableName": table,
                "TimeToLiveSpecification": {
                    "Enabled": True,
                    "AttributeName": EXPIRES_AT,
                },
            }
            for table in (self.visit_receipts, self.settings)
        ]


def _create_request(table: str, *keys: str) -> Request:
    return {
        "TableName": table,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": "S"} for key in keys
        ],
        "KeySchema": [
            {"AttributeName": key, "KeyType": key_type}
            for key, key_type in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
    }
