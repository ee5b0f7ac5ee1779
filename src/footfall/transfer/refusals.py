"""What it means that the store refused an import's transaction."""

from footfall.counters.port import Store, error_code, reason_codes, translate
from footfall.errors import FootfallError
from footfall.visits.baseline import read_visits


def explained(store: Store, site: str, error: Exception) -> FootfallError:
    """The store's error as Footfall's: the site's own fault, if a look at it tells.

    AWS cancels where the site is gone or has no number; DynamoDB Local refuses the
    request.
    """
    codes = {*reason_codes(error), error_code(error)}
    if codes & {"ConditionalCheckFailed", "ValidationError", "ValidationException"}:
        try:
            read_visits(store, site)
        except FootfallError as fault:
            return fault
    return translate(error, "TransactWriteItems", store.tables.settings)
